"""Settings from the environment, checked at start. Nothing else reads the environment."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

EXAMPLES = {"change-me", "changeme", "secret", "dev", "example", "test"}


class BadConfig(RuntimeError):
    """The application refuses to start; the sentence says which variable is wrong and what it wants."""


@dataclass(frozen=True)
class Config:
    """One place for every setting. Rupiah are whole, durations say their unit in the name."""

    secret_key: str
    seal_keys: dict[str, bytes]
    blind_key: bytes
    database_url: str
    stripe_api_key: str
    stripe_api_base: str
    stripe_webhook_secrets: list[str]
    instance_path: Path
    demo: bool = False
    demo_today: date | None = None
    https: bool = False
    trusted_proxies: int = 0
    smtp_url: str = ""
    sms_gateway: str = ""
    mail_from: str = "Sertakan Pontianak <halo@sertakan.test>"
    base_url: str = "http://127.0.0.1:8000"
    payment_floor_rupiah: int = 8_400
    send_limit_hours: int = 24
    post_limit_hours: int = 72
    tell_limit_hours: int = 24
    order_minutes: int = 60
    bill_days: int = 14
    public_bill_days: int = 45  # a treasury pays by its own calendar
    renewal_limit_rupiah: int = 500_000
    refund_limit_rupiah: int = 500_000
    jobs_url: str = ""
    va_prefix: str = ""
    log_level: str = "INFO"
    extra: dict[str, object] = field(default_factory=dict)


def _need(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise BadConfig(f"{name} is not set. `python3 dev.py run` makes one for development.")
    return value


def _key(env: Mapping[str, str], name: str) -> bytes:
    try:
        value = base64.b64decode(_need(env, name), validate=True)
    except ValueError as error:
        raise BadConfig(f"{name} must be base64 of 32 random bytes.") from error
    if len(value) != 32 or len(set(value)) < 8:
        raise BadConfig(f"{name} must be base64 of 32 random bytes.")
    return value


def _seal_keys(env: Mapping[str, str]) -> dict[str, bytes]:
    """SEAL_KEYS is `k2:base64,k1:base64`; the first seals, the others still open."""
    keys: dict[str, bytes] = {}
    for part in _need(env, "SEAL_KEYS").split(","):
        name, _, value = part.strip().partition(":")
        keys[name] = _key({"SEAL_KEYS": value}, "SEAL_KEYS")
    return keys


def _va_prefix(env: Mapping[str, str], usual: str) -> str:
    """The digits that the bank gave us for virtual accounts; empty: bills are not paid by transfer."""
    prefix = env.get("VA_PREFIX", usual)
    if prefix and not (prefix.isascii() and prefix.isdigit() and 3 <= len(prefix) <= 8):
        raise BadConfig("VA_PREFIX must be 3 to 8 digits, as the bank gave them.")
    return prefix


def _database_url(env: Mapping[str, str], instance: Path) -> str:
    url = env.get("DATABASE_URL") or f"sqlite:///{instance / 'sertakan.db'}"
    return "postgresql://" + url.removeprefix("postgres://") if url.startswith("postgres://") else url


def _jobs_url(env: Mapping[str, str]) -> str:
    """Where several machines share their knocks; without it they lie in a folder of this one."""
    url = env.get("JOBS_URL", "")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadConfig("JOBS_URL must be redis://…, rediss://… or unix://…, or nothing.")
    return url


def load(env: Mapping[str, str] | None = None) -> Config:
    """Read and check the environment; refuses missing, short and example secrets (QUALITY A 51)."""
    env = os.environ if env is None else env
    instance = Path(env.get("INSTANCE_PATH", "instance")).resolve()
    instance.mkdir(parents=True, exist_ok=True)
    secret = _need(env, "SECRET_KEY")
    if len(secret) < 32 or secret.lower() in EXAMPLES:
        raise BadConfig("SECRET_KEY must be at least 32 random characters.")
    demo = env.get("SERTAKAN_DEMO", "") == "1"
    api_key = _need(env, "STRIPE_API_KEY")
    if demo and "_live_" in api_key:
        raise BadConfig("The demo refuses a live Stripe key.")
    return Config(
        secret_key=secret,
        seal_keys=_seal_keys(env),
        blind_key=_key(env, "BLIND_KEY"),
        database_url=_database_url(env, instance),
        stripe_api_key=api_key,
        stripe_api_base=env.get("STRIPE_API_BASE") or "https://api.stripe.com",
        stripe_webhook_secrets=[part for part in _need(env, "STRIPE_WEBHOOK_SECRET").split(",") if part],
        instance_path=instance,
        demo=demo,
        demo_today=date.fromisoformat(env["DEMO_TODAY"]) if demo and env.get("DEMO_TODAY") else None,
        https=env.get("SERTAKAN_HTTPS", "") == "1",
        trusted_proxies=int(env.get("TRUSTED_PROXIES", "0")),
        smtp_url=env.get("SMTP_URL", ""),
        sms_gateway=env.get("SMS_GATEWAY", "").strip(),
        mail_from=env.get("MAIL_FROM", Config.mail_from),
        base_url=(env.get("BASE_URL") or f"http://127.0.0.1:{env.get('PORT', '8000')}").rstrip("/"),
        payment_floor_rupiah=int(env.get("PAYMENT_FLOOR_RUPIAH", "8400")),
        send_limit_hours=int(env.get("SEND_LIMIT_HOURS", "24")),
        post_limit_hours=int(env.get("POST_LIMIT_HOURS", "72")),
        tell_limit_hours=int(env.get("TELL_LIMIT_HOURS", "24")),
        order_minutes=int(env.get("ORDER_MINUTES", "60")),
        bill_days=int(env.get("BILL_DAYS", "14")),
        public_bill_days=int(env.get("PUBLIC_BILL_DAYS", "45")),
        renewal_limit_rupiah=int(env.get("RENEWAL_LIMIT_RUPIAH", "500000")),
        refund_limit_rupiah=int(env.get("REFUND_LIMIT_RUPIAH", "500000")),
        jobs_url=_jobs_url(env),
        va_prefix=_va_prefix(env, "88088" if demo else ""),
        log_level=env.get("LOG_LEVEL", "INFO"),
    )
