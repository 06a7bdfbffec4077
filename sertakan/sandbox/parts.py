"""The parts that a running sandbox is made of, and how a request finds them."""

from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from sertakan.sandbox.bank import Bank
from sertakan.sandbox.faults import Faults
from sertakan.sandbox.saved import Saved
from sertakan.sandbox.store import Store
from sertakan.sandbox.webhooks import Sender


class LiveKey(RuntimeError):
    """Somebody tried to run the sandbox with a key that moves real money."""


@dataclass(frozen=True)
class Settings:
    """`api_key` "" accepts every test key. `webhook_url` None sends nothing until one is set."""

    database: str = ":memory:"
    api_key: str = ""
    webhook_url: str | None = None
    webhook_secrets: list[str] = field(default_factory=lambda: ["whsec_sandbox"])
    minimum_rupiah: int = 8_000
    merchant: str = "Sertakan Pontianak"
    retry_base_s: float = 1.0

    def __post_init__(self) -> None:
        if "_live_" in self.api_key:
            raise LiveKey(
                "The sandbox refuses to start with a live key: it is a pretend Stripe, and a live key must never reach it."
            )


@dataclass(frozen=True)
class Parts:
    settings: Settings
    store: Store
    bank: Bank
    saved: Saved
    sender: Sender
    faults: Faults


def assemble(settings: Settings) -> Parts:
    store = Store(settings.database)
    bank = Bank(store, settings.minimum_rupiah)
    sender = Sender(store, bank, settings.webhook_secrets, settings.retry_base_s)
    if settings.webhook_url:
        store.set("webhooks", store.setting("webhooks", {}) | {"url": settings.webhook_url})
    return Parts(settings, store, bank, Saved(bank), sender, Faults())


def parts() -> Parts:
    return cast(Parts, current_app.extensions["sandbox"])
