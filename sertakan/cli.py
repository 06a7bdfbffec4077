"""The `flask` commands."""

import json
import os
from datetime import datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_migrate import Migrate, upgrade

from sertakan import jobs as queue
from sertakan import keys
from sertakan.accounts import staff as staff_service
from sertakan.accounts.permissions import Role
from sertakan.audit import queries as audit
from sertakan.coverage.service import look_at_everybody
from sertakan.db import bare_writes, db, transaction
from sertakan.demo import story
from sertakan.demo.accounts import accounts
from sertakan.demo.clock import follow_demo_clock, turn_to
from sertakan.payments import jobs as payments
from sertakan.places import service as places
from sertakan.reports import books
from sertakan.tariff import service as tariff

NICE = 10  # of the worker, see nice(2)
dev = AppGroup("dev", help="Development.")
demo = AppGroup("demo", help="The demo's people and months.")
jobs = AppGroup("jobs", help="The background worker.")
books_group = AppGroup("books", help="The self-checks of the books.")
payments_group = AppGroup("payments", help="Money in and back.")
places_group = AppGroup("places", help="Kecamatan and kelurahan.")
keys_group = AppGroup("keys", help="The keys that seal personal data.")
staff = AppGroup("staff", help="People who work for the programme.")


def load_reference() -> None:
    """Places and the tariff; safe to repeat."""
    places.load_reference()
    tariff.load_reference()


@dev.command("prepare")
def prepare() -> None:
    """Migrate, load reference rows and, in the demo, its people; writes the demo accounts to instance/demo-accounts.json."""
    with bare_writes():
        upgrade()
    load_reference()
    if current_app.config["DEMO"]:
        follow_demo_clock()
        if not story.loaded():
            story.load()
        with transaction():
            look_at_everybody()  # DEMO_TODAY may lie before the day that was swept last
        target = Path(current_app.instance_path) / "demo-accounts.json"
        target.write_text(json.dumps(accounts(), indent=1, ensure_ascii=False), encoding="utf-8")
    click.echo("ready")


@dev.command("reference")
def reference() -> None:
    """Load places and tariff into a migrated database."""
    load_reference()
    click.echo("places and tariff are loaded")


@demo.command("load")
def demo_load() -> None:
    """Fill an empty database with the demo."""
    follow_demo_clock()
    load_reference()
    click.echo("already loaded" if story.loaded() else f"loaded: {story.load()}")


@demo.command("day")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def demo_day(day: datetime) -> None:
    """Turn the running demo's clock to DAY, as `/demo` does."""
    turn_to(day.date())
    click.echo(day.date().isoformat())


@demo.command("accounts")
def demo_accounts() -> None:
    """Who may be tried, and how."""
    for account in accounts():
        click.echo("  ".join(f"{key}: {value}" for key, value in account.items()))


@jobs.command("work")
def jobs_work() -> None:
    """Run the worker until it is told to stop. Where it shares a machine with the pages, they come first."""
    os.nice(NICE)
    queue.work(current_app._get_current_object())  # type: ignore[attr-defined]


@jobs.command("once")
@click.argument("names", nargs=-1)
def jobs_once(names: tuple[str, ...]) -> None:
    """Run the named jobs, or all of them, once; exit 1 when one failed."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    failed = [name for name in names or tuple(queue.JOBS) if not queue.run(app, name)]
    if failed:
        raise click.ClickException(f"failed: {', '.join(failed)}")


@books_group.command("check")
def books_check() -> None:
    """Every invariant of the books; exit 1 when one is broken."""
    follow_demo_clock()
    results = books.check()
    for result in results:
        click.echo(f"{'ok ' if result.ok else 'BAD'} {result.name}: {result.count} {result.detail}")
    if not all(result.ok for result in results):
        raise click.ClickException("the books do not check out")


@books_group.command("chain")
def audit_chain() -> None:
    """Walk the audit chain; exit 1 at the first break."""
    broken = audit.find_break()
    if broken is not None:
        raise click.ClickException(f"the audit chain breaks at entry {broken}")
    click.echo("the audit chain is whole")


@payments_group.command("reconcile")
def payments_reconcile() -> None:
    """Ask the payment service about every order that is open too long."""
    click.echo(str(payments.reconcile()))


@places_group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def places_load(file: str) -> None:
    """Load another city's kelurahan from a CSV."""
    click.echo(f"{places.load_file(file)} kelurahan loaded")


@keys_group.command("rotate")
@click.option("--check", is_flag=True, help="Only count the values that still carry another key.")
@click.option("--batch", type=click.IntRange(1, 10_000), help="How many values a transaction; 500 unless told.")
def keys_rotate(check: bool, batch: int | None) -> None:
    """Bring every sealed value under the first of SEAL_KEYS, batch by batch; may be stopped and run again. Exit 1 while some are left."""

    def tell(place: keys.Place, tally: keys.Tally) -> None:
        click.echo(f"{place.name}: {tally.moved} moved")

    if not check:
        for place in keys.places():
            if keys.rotate(place, tell, batch).broken:
                click.echo(f"{place.name}: some values open with no key of SEAL_KEYS", err=True)
    still = {place.name: keys.left(place) for place in keys.places()}
    for name, count in still.items():
        click.echo(f"{name}: {count} under another key")
    if any(still.values()):
        raise click.ClickException(f"{sum(still.values())} values still carry another key: keep it in SEAL_KEYS")
    click.echo("every value carries the current key: the others may go")


@staff.command("invite")
@click.argument("name")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def staff_invite(name: str, email: str, role: str) -> None:
    """Make a staff account; prints the one-time link where the person sets a password and a second factor."""
    with transaction():
        token = staff_service.invite_staff(actor=None, name=name, email=email, role=Role(role))
    click.echo(f"{current_app.config['SETTINGS'].base_url}/petugas/siapkan/{token}")


def init_cli(app: Flask) -> None:
    """Add the commands; only the `flask` program asks for them, so that a server does not carry what they need."""
    Migrate(app, db, directory="migrations", render_as_batch=True)
    for group in (dev, demo, jobs, books_group, payments_group, places_group, keys_group, staff):
        app.cli.add_command(group)
