"""An append-only record of who did what: ids, verbs and codes, no free text."""
