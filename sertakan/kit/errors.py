"""A no that a person can read."""

from typing import Any


def N_(message: str) -> str:
    """Mark a sentence for translation where it is written; it is translated where it is shown."""
    return message


class Refused(Exception):
    """An expected no. A subclass names it and gives the sentence (an Indonesian msgid); `params` fill its placeholders."""

    message: str = ""
    status: int = 422

    def __init__(self, message: str = "", *, field: str | None = None, **params: Any) -> None:
        self.message = message or type(self).message
        self.field = field
        self.params = params
        super().__init__(self.message)
