"""Dropping old answers once a day."""

from sertakan.api import service


def forget_calls() -> int:
    return service.forget_calls()
