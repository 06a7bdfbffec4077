"""Strict reading of Stripe's form encoding (`line_items[0][price_data][currency]=idr`): unknown, missing or mistyped is a 400."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sertakan.sandbox.errors import ApiError

NAME = re.compile(r"^([a-z_]+)((?:\[[^\[\]]*\])*)$")
PART = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Text:
    required: bool = False
    longest: int = 5000

    def read(self, value: Any, param: str) -> str:
        if not isinstance(value, str):
            raise ApiError(400, f"Invalid string: {param}", code="parameter_invalid_string", param=param)
        if not value:
            said = f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter."
            raise ApiError(400, said, code="parameter_invalid_empty", param=param)
        if len(value) > self.longest:
            said = f"Invalid string: must be at most {self.longest} characters"
            raise ApiError(400, said, code="parameter_invalid_string", param=param)
        return value


@dataclass(frozen=True)
class Url(Text):
    def read(self, value: Any, param: str) -> str:
        text = super().read(value, param)
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ApiError(400, "Not a valid URL", code="url_invalid", param=param)
        return text


@dataclass(frozen=True)
class Choice(Text):
    options: tuple[str, ...] = ()

    def read(self, value: Any, param: str) -> str:
        text = super().read(value, param)
        if text not in self.options:
            raise ApiError(400, f"Invalid {param}: must be one of {', '.join(self.options)}", param=param)
        return text


@dataclass(frozen=True)
class Whole:
    required: bool = False
    least: int = 0
    most: int = 999_999_999_999

    def read(self, value: Any, param: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ApiError(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
        if not self.least <= int(value) <= self.most:
            said = f"This value must be between {self.least} and {self.most}."
            raise ApiError(400, said, code="parameter_invalid_integer", param=param)
        return int(value)


@dataclass(frozen=True)
class Metadata:
    """Up to 50 names of 40 characters with texts of 500."""

    required: bool = False

    def read(self, value: Any, param: str) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > 50:
            raise ApiError(400, "Invalid object", code="parameter_invalid_object", param=param)
        for name, text in value.items():
            if not isinstance(text, str) or len(name) > 40 or len(text) > 500:
                raise ApiError(400, "Metadata names have at most 40 characters, values 500", param=f"{param}[{name}]")
        return value


@dataclass(frozen=True)
class Group:
    fields: Mapping[str, Any]
    required: bool = False

    def read(self, value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ApiError(400, "Invalid object", code="parameter_invalid_object", param=param)
        return _read(self.fields, value, param)


@dataclass(frozen=True)
class Rows:
    fields: Mapping[str, Any]
    required: bool = False

    def read(self, value: Any, param: str) -> list[dict[str, Any]]:
        if not isinstance(value, dict) or sorted(value) != sorted(str(n) for n in range(len(value))):
            raise ApiError(400, "Invalid array", code="parameter_invalid_array", param=param)
        return [Group(self.fields).read(value[str(n)], f"{param}[{n}]") for n in range(len(value))]


@dataclass(frozen=True)
class Span:
    """A moment, or bounds for one: `created=5` or `created[gte]=5`."""

    required: bool = False

    def read(self, value: Any, param: str) -> dict[str, int]:
        if isinstance(value, str):
            moment = Whole().read(value, param)
            return {"gte": moment, "lte": moment}
        bounds: dict[str, int] = Group({name: Whole() for name in ("gt", "gte", "lt", "lte")}).read(value, param)
        return bounds


PAGING: dict[str, Any] = {"limit": Whole(least=1, most=100), "starting_after": Text(), "ending_before": Text(), "created": Span()}


def tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The nested values of a form. A name twice, or both a value and a group, is refused."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        match = NAME.match(name)
        if not match:
            raise ApiError(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        path = [match[1], *PART.findall(match[2])]
        node = root
        for part in path[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ApiError(400, f"Invalid object: {name}", code="parameter_invalid_object", param=name)
        if path[-1] in node:
            raise ApiError(400, f"Received parameter twice: {name}", code="parameter_invalid", param=name)
        node[path[-1]] = value
    return root


def read(fields: Mapping[str, Any], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Checked values of a request; what was not sent is not there."""
    return _read(fields, tree(pairs), "")


def _read(fields: Mapping[str, Any], values: dict[str, Any], prefix: str) -> dict[str, Any]:
    def full(name: str) -> str:
        return f"{prefix}[{name}]" if prefix else name

    for name in values:
        if name not in fields:
            raise ApiError(400, f"Received unknown parameter: {full(name)}", code="parameter_unknown", param=full(name))
    for name, field in fields.items():
        if field.required and name not in values:
            raise ApiError(400, f"Missing required param: {full(name)}.", code="parameter_missing", param=full(name))
    return {name: fields[name].read(value, full(name)) for name, value in values.items()}
