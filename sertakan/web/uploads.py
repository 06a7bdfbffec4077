"""Routes that take files: bodies larger than a form's are read only where a view says so, before anything looks at them."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, Request, current_app

P = ParamSpec("P")
R = TypeVar("R")
FORM_FIELDS = 2_000


def takes_files(megabytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view: its requests may carry so many megabytes, and more fields than a form of ours has."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        cast(Any, view).megabytes = megabytes
        return view

    return decorate


class RoomyRequest(Request):
    """A request whose limits follow its view; everywhere else the app's own small ones hold (QUALITY A 41)."""

    @property
    def _roomy(self) -> int:
        view = current_app.view_functions.get(self.endpoint or "")
        return int(getattr(view, "megabytes", 0))

    @property
    def max_content_length(self) -> int | None:
        if self._max_content_length is None and self._roomy:
            return (self._roomy << 20) + 100_000  # the boundaries and the other fields
        return super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value

    @property
    def max_form_parts(self) -> int:
        return FORM_FIELDS if self._max_form_parts is None and self._roomy else cast(int, super().max_form_parts)

    @max_form_parts.setter
    def max_form_parts(self, value: int) -> None:
        self._max_form_parts = value


def init_uploads(app: Flask) -> None:
    app.request_class = RoomyRequest
