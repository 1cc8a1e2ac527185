"""Units, contacts, posts and bindings: who exists, who works where, and who may do what."""
