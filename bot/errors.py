"""The error tree: every error we raise on purpose, and nothing else.

XiaoanError
├── Refused            an expected "no" with a sentence for the person who asked; logged at INFO
│   └── NotAllowed     … because of who they are
├── DatabaseAway       the database cannot be reached; nothing was done, ask again
├── SchemaBehind       the database's tables are not those this version needs
├── Replayed           this update's effects are already committed
└── Behind             an earlier update of the same chat waits, so this one must
"""


class XiaoanError(Exception):
    """Something went wrong that we have a name for."""


class Refused(XiaoanError):
    """The request is refused and nothing was changed.

    Attributes:
        sentence: what is wrong, where, and what is allowed, for the person who asked.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAllowed(Refused):
    """The person has no right to this."""


class DatabaseAway(XiaoanError):
    """The database cannot be reached."""


class SchemaBehind(XiaoanError):
    """The database's tables are not those this version needs; run `xiaoan db upgrade`."""


class Replayed(XiaoanError):
    """This update's effects are already committed."""


class Behind(XiaoanError):
    """An earlier update of the same chat has been set aside and waits; this one must not overtake it."""
