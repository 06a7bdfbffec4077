"""A saved card renews a promise: announced, charged once at the announced price, or the ordinary request goes out; off in one step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from sertakan.autopay import charging, jobs, queries, rules, service
from sertakan.autopay.models import AutoCharge, Autopay
from sertakan.autopay.rules import ChargeState, ConsentState, EndReason
from sertakan.db import bare_writes, db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice, NoticeState
from sertakan.payments import checkout, gateway, reconcile
from sertakan.payments.models import Order, ProviderEvent
from sertakan.payments.rules import OrderClosed, OrderState
from sertakan.payments.stripe_saved import intent_parameters, setup_parameters
from sertakan.reports import books
from sertakan.sponsorships import jobs as sweeping
from sertakan.sponsorships import prices
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships import service as sponsorship_service
from sertakan.sponsorships.models import Reminder
from sertakan.sponsorships.rules import ReviewState
from tests.page import PageClient
from tests.payments.conftest import Till, _one_sandbox, agrees, answers, sandbox, till
from tests.payments.test_refunds import _decide

__all__ = ["_one_sandbox", "agrees", "sandbox", "till"]
As = Callable[[str], PageClient]
DAYS = {name: datetime(2026, 12, day, 3, tzinfo=UTC) for name, day in (("announced", 1), ("second", 21), ("charged", 24))}


def promise(till: Till) -> int:
    """Cover of December 2026, approved; returns the sponsorship's id."""
    order_id = till.paid(given=answers(count=1))
    with transaction():
        row = sponsorships.get(till.order(order_id).sponsorship_id, lock=True)
        sponsorship_service.move_review(actor="system", sponsorship=row, to=ReviewState.approved)
        _decide(till, row)
        sponsorship_service.start_if_ready(row)
        return row.id


def say_yes(till: Till, sponsorship_id: int, months: int = 3, card: str = "good") -> int:
    """A card is saved on the pretend page; returns the consent's id."""
    with transaction():
        row = sponsorships.get(sponsorship_id, lock=True)
        consent_id = service.ask(actor=row.sponsor.ref, sponsorship=row, months=months, locale="id").id
    service.open_setup(consent_id)
    till.sandbox.control(f"sessions/{queries.get(consent_id).setup_session}/save", card=card)
    till.tell()
    jobs.work()
    assert queries.get(consent_id).state is ConsentState.living
    return consent_id


def send() -> None:
    """Messages go out; in the pretend outbox."""
    with transaction():
        db.session.execute(
            update(Notice).where(Notice.state == NoticeState.queued).values(state=NoticeState.sent, sent_at=clock.now())
        )


@contextmanager
def on(day: str | datetime) -> Iterator[None]:
    """A day on which the job runs, and what it wrote goes out."""
    moment = DAYS[day] if isinstance(day, str) else day
    with clock.frozen(moment):
        jobs.work()
        send()
        yield


def notices(kind: str) -> list[Notice]:
    db.session.expire_all()
    return list(db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))


def charges() -> list[AutoCharge]:
    db.session.expire_all()
    return list(db.session.scalars(select(AutoCharge).order_by(AutoCharge.id)))


def months(sponsorship_id: int) -> dict[str, str]:
    rows = sponsorships.view_of(sponsorships.get(sponsorship_id)).months
    return {str(row.month): row.state.value for row in rows}


def living(till: Till, **more: Any) -> tuple[int, int]:
    """A promise that renews itself, announced on 1 December and told."""
    sponsorship_id = promise(till)
    consent_id = say_yes(till, sponsorship_id, **more)
    with on("announced"):
        pass
    return sponsorship_id, consent_id


# ---- the yes -------------------------------------------------------------------------------------------------------------------


def test_a_card_is_saved_without_any_personal_data(till: Till) -> None:
    sponsorship_id = promise(till)
    consent_id = say_yes(till, sponsorship_id)
    consent = queries.get(consent_id)
    assert (consent.brand, consent.last4, consent.months) == ("visa", "4242", 3)
    assert sponsorships.get(sponsorship_id).auto
    [customer] = till.sandbox.things("customer")
    assert customer["metadata"] == {"consent": consent.ref} and not customer["email"] and not customer["name"]
    [told] = notices("autopay_on")
    assert told.person_id == till.cast.ids["sari"]
    assert not [event for event in till.all(ProviderEvent) if event.state in ("new", "parked")]


def test_another_card_takes_the_place_of_the_first_and_one_lives(till: Till) -> None:
    sponsorship_id = promise(till)
    first = say_yes(till, sponsorship_id)
    with pytest.raises(rules.AlreadyOn), transaction():
        service.ask(actor="x", sponsorship=sponsorships.get(sponsorship_id, lock=True), months=3, locale="id")
    with transaction():
        service.stop(actor="x", sponsorship=sponsorships.get(sponsorship_id, lock=True))
    say_yes(till, sponsorship_id, card="asks_later")
    assert queries.get(first).state is ConsentState.ended
    assert len(till.sandbox.things("customer")) == 1, "a person is one customer"
    with pytest.raises(IntegrityError), bare_writes(), db.session.begin_nested():
        db.session.execute(update(Autopay).where(Autopay.id == first).values(state="living", ended_at=None, detached_at=None))
    db.session.rollback()


def test_nothing_about_it_can_be_deleted(till: Till) -> None:
    living(till)
    for model in (Autopay, AutoCharge):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(delete(model))


@pytest.mark.parametrize(
    ("why", "refused"),
    [("rejected", rules.NotPossible), ("seven months", rules.LengthMissing), ("no address", rules.NoAddress)],
)
def test_whom_it_is_not_for(till: Till, why: str, refused: type[Exception]) -> None:
    sponsorship_id = promise(till)
    with transaction():
        row = sponsorships.get(sponsorship_id, lock=True)
        if why == "rejected":
            row.review_state = ReviewState.rejected
        if why == "no address":
            row.sponsor.phone = "+6281234500001"
            row.sponsor.email = None
        with pytest.raises(refused):
            service.ask(actor="x", sponsorship=row, months=7 if why == "seven months" else 3, locale="id")
        db.session.rollback()
    assert not queries.find_last(sponsorship_id)


def test_a_page_on_which_nobody_saved_a_card_is_forgotten(till: Till) -> None:
    sponsorship_id = promise(till)
    with transaction():
        row = sponsorships.get(sponsorship_id, lock=True)
        consent_id = service.ask(actor="x", sponsorship=row, months=3, locale="id").id
    service.open_setup(consent_id)
    till.sandbox.control("clock", advance_s=2 * 3_600)
    jobs.work()
    consent = queries.get(consent_id)
    assert (consent.state, consent.end_reason) == (ConsentState.ended, EndReason.abandoned)
    assert not sponsorships.get(sponsorship_id).auto


# ---- the announcement ----------------------------------------------------------------------------------------------------------


def test_the_thirty_and_ten_days_messages_are_announcements_and_no_requests(till: Till) -> None:
    sponsorship_id = promise(till)
    say_yes(till, sponsorship_id)
    with clock.frozen(DAYS["announced"] - timedelta(days=1)):
        jobs.work()
        assert not charges()
    for day in ("announced", "second"):
        with on(day):
            sweeping.sweep(clock.today())
            jobs.work()
    told = notices("autopay_soon")
    assert len(told) == 2
    offer = prices.offer("asisten_rumah_tangga", Month(2027, 1), 3, *_kind(sponsorship_id))
    for notice in told:
        assert "24 Desember 2026" in notice.body and "Visa •••• 4242" in notice.body
        assert "Januari 2027" in notice.body and "Maret 2027" in notice.body and "/otomatis/" in notice.body
    assert charges()[0].amount_rupiah == offer.total_rupiah
    assert not db.session.scalars(select(Reminder)).all(), "nobody who pays by herself is asked to pay"


def _kind(sponsorship_id: int) -> Any:
    row = sponsorships.get(sponsorship_id)
    return row.payer_kind, row.package


def test_without_consent_the_same_days_are_requests(till: Till) -> None:
    promise(till)
    with on("announced"):
        sweeping.sweep(clock.today())
    assert [row.kind.value for row in db.session.scalars(select(Reminder))] == ["reminder_30"]


def test_liberapay_2138_another_price_is_announced_before_it_is_charged(till: Till) -> None:
    sponsorship_id, _consent = living(till)
    with transaction():
        charge = queries.find_waiting(sponsorship_id)
        assert charge
        charge.amount_rupiah -= 1_000  # what was announced when the price was another
    with on("charged"):
        assert charges()[0].state is ChargeState.announced
        assert charges()[0].charge_on.isoformat() == "2026-12-27"
        assert len(notices("autopay_soon")) == 2
    assert not till.sandbox.things("payment_intent")[:-1], "nothing was charged at either price"
    with on(datetime(2026, 12, 27, 3, tzinfo=UTC)):
        assert charges()[0].state is ChargeState.paid


def test_what_was_not_told_is_not_charged(till: Till) -> None:
    sponsorship_id = promise(till)
    say_yes(till, sponsorship_id)
    for day in ("announced", "charged"):
        with clock.frozen(DAYS[day]):
            jobs.work()  # and no message goes out
    assert [charge.state for charge in charges()] == [ChargeState.announced]
    assert "2027-01" not in months(sponsorship_id)


# ---- the charge ----------------------------------------------------------------------------------------------------------------


def test_the_card_is_charged_once_at_the_announced_price(till: Till, agrees: Callable[[], None]) -> None:
    sponsorship_id, _consent = living(till)
    with on("charged"):
        jobs.work()
        till.tell(times=2)
        jobs.work()
        [charge] = charges()
        assert (charge.state, charge.tries) == (ChargeState.paid, 1)
        assert months(sponsorship_id) == dict.fromkeys(("2026-12", "2027-01", "2027-02", "2027-03"), "paid")
        assert till.payments[-1].amount_rupiah == charge.amount_rupiah
        assert len(notices("order_paid")) == 2
        assert not notices("autopay_failed")
    agrees()


def test_the_next_period_is_announced_in_its_own_time(till: Till) -> None:
    sponsorship_id, _consent = living(till)
    with on("charged"):
        assert queries.find_waiting(sponsorship_id) is None
    with on(datetime(2027, 3, 1, 3, tzinfo=UTC)):
        found = queries.find_waiting(sponsorship_id)
        assert found and (str(found.first_month), found.charge_on.isoformat()) == ("2027-04", "2027-03-24")


@pytest.mark.parametrize("fault", ["timeout_after", "reset_before", "error_before", "rate_limit"])
def test_a_lost_answer_is_asked_for_again_and_charges_once(till: Till, fault: str, agrees: Callable[[], None]) -> None:
    sponsorship_id, _consent = living(till)
    till.sandbox.fault(fault, method="POST", path="/v1/payment_intents", seconds=2)
    with on("charged"):
        assert charges()[0].state is ChargeState.trying
        assert months(sponsorship_id)["2027-01"] == "reserved"
    for minutes in (2, 5):
        with on(DAYS["charged"] + timedelta(minutes=minutes)):
            pass
    assert charges()[0].state is ChargeState.paid
    assert len(till.sandbox.things("charge")) == 2
    agrees()


def test_an_answer_lost_for_longer_than_its_key_lives_is_found(till: Till) -> None:
    living(till)
    till.sandbox.fault("timeout_after", method="POST", path="/v1/payment_intents", seconds=2)
    with on("charged"):
        pass
    with transaction():
        charges()[0].first_tried_at = clock.real_now() - timedelta(hours=30)
    with on(DAYS["charged"] + timedelta(minutes=2)):
        assert charges()[0].state is ChargeState.paid
    assert len(till.sandbox.things("charge")) == 2


def test_two_workers_at_the_same_charge_charge_once(till: Till, agrees: Callable[[], None]) -> None:
    """opencollective #1121, #1215: the second finds the row taken, whatever the first has reached."""
    living(till)
    with clock.frozen(DAYS["charged"]):
        [charge] = charges()
        charge_id = charge.id
        first = charging._prepare(charge_id)
        second = charging._prepare(charge_id)
        assert first == second and charges()[0].tries == 1
        assert charging.charge_one(charge_id) is ChargeState.paid
        assert charging.charge_one(charge_id) is ChargeState.paid
    assert len(till.sandbox.things("charge")) == 2
    agrees()


def test_its_bill_never_gets_a_payment_page(till: Till) -> None:
    sponsorship_id, _consent = living(till)
    till.sandbox.fault("reset_before", method="POST", path="/v1/payment_intents")
    with on("charged"):
        order = db.session.scalars(select(Order).where(Order.off_session)).one()
        with pytest.raises(OrderClosed):
            checkout.service.start_checkout(order.id)
        assert not checkout.queries.open_orders(sponsorship_id)
    with clock.frozen(DAYS["charged"] + timedelta(hours=3)):
        reconcile.expire_orders()
        reconcile.reconcile()
    db.session.expire_all()
    assert db.session.get_one(Order, order.id).state is OrderState.opening


# ---- the no of her bank --------------------------------------------------------------------------------------------------------


def test_a_declined_card_is_tried_twice_and_then_the_request_goes_out(till: Till, agrees: Callable[[], None]) -> None:
    sponsorship_id, consent_id = living(till, card="declined_later")
    with on("charged"):
        assert (charges()[0].state, charges()[0].charge_on.isoformat()) == (ChargeState.announced, "2026-12-26")
        assert months(sponsorship_id)["2027-01"] == "released", "her months are free meanwhile"
        assert not notices("autopay_failed")
    with on(datetime(2026, 12, 26, 3, tzinfo=UTC)):
        assert (charges()[0].state, charges()[0].tries, charges()[0].failure) == (ChargeState.failed, 2, "card_declined")
        [told] = notices("autopay_failed")
        assert "/p/" in told.body and "31 Desember 2026" in told.body
    consent = queries.get(consent_id)
    assert (consent.state, consent.end_reason) == (ConsentState.ended, EndReason.declined)
    with on(datetime(2026, 12, 28, 3, tzinfo=UTC)):
        sweeping.sweep(clock.today())
        assert [row.kind.value for row in db.session.scalars(select(Reminder).where(Reminder.person_id.is_not(None)))] == [
            "reminder_3"
        ], "the ordinary reminders go on"
    assert queries.get(consent_id).detached_at is not None
    agrees()


def test_a_card_that_asks_its_owner_is_tried_once(till: Till) -> None:
    living(till, card="asks_later")
    with on("charged"):
        assert (charges()[0].state, charges()[0].tries) == (ChargeState.failed, 1)
        assert len(notices("autopay_failed")) == 1
        jobs.work()
        assert len(notices("autopay_failed")) == 1


def test_money_that_comes_after_a_no_is_kept(till: Till, agrees: Callable[[], None]) -> None:
    """Success beats failure whenever it arrives: the second try succeeded, and only its answer said otherwise."""
    sponsorship_id, _consent = living(till)
    till.sandbox.control("saved/next", outcome="authentication_required")
    with on("charged"):
        [charge] = charges()
        assert charge.state is ChargeState.failed
        order = db.session.get_one(Order, charge.order_id)
        ref, amount = order.ref, order.amount_rupiah
        consent = queries.get(charge.autopay_id)
        method = till.sandbox.things("payment_method")[0]
        assert consent.method == method["id"]
        _charge_behind_our_back(till, ref, amount, method["id"])
        till.tell()
        jobs.work()
        assert charges()[0].state is ChargeState.paid
        assert months(sponsorship_id)["2027-01"] == "paid"
    agrees()


def _charge_behind_our_back(till: Till, order_ref: str, amount: int, method: str) -> None:
    """An intent for the same bill succeeds at the payment service."""
    made = till.sandbox.things("payment_method")
    customer = next((row["customer"] for row in made if row["id"] == method and row["customer"]), None)
    if customer is None:  # it was detached with the failure: her bank's late yes is for another saved card of hers
        page = gateway.client().create_setup_session(form=_setup(till), idempotency_key="again")
        till.sandbox.control(f"sessions/{page.id}/save", card="good")
        saved = till.sandbox.things("payment_method")[0]
        customer, method = saved["customer"], saved["id"]
    form = intent_parameters(customer=customer, method=method, amount_rupiah=amount, order_ref=order_ref, description="x")
    gateway.client().create_intent(form=form, idempotency_key="late")


def _setup(till: Till) -> dict[str, str]:
    address = "http://127.0.0.1:8000/x"
    return setup_parameters(
        consent_ref="late",
        customer=till.sandbox.things("customer")[0]["id"],
        success_url=address,
        cancel_url=address,
        expires_at=clock.real_now() + timedelta(hours=1),
        locale="id",
    )


# ---- her no --------------------------------------------------------------------------------------------------------------------


def test_opencollective_7682_off_in_one_step_is_off_at_the_payment_service_too(till: Till) -> None:
    sponsorship_id, consent_id = living(till)
    with transaction():
        service.stop(actor=till.cast.sari.ref, sponsorship=sponsorships.get(sponsorship_id, lock=True))
    with on("charged"):
        pass
    assert charges()[0].state is ChargeState.dropped
    assert not sponsorships.get(sponsorship_id).auto
    assert [row["customer"] for row in till.sandbox.things("payment_method")] == [None]
    assert queries.get(consent_id).detached_at is not None
    assert len(notices("autopay_off")) == 1 and "2027-01" not in months(sponsorship_id)


def test_opencollective_5247_a_card_that_cannot_be_detached_is_an_alarm(till: Till) -> None:
    sponsorship_id, consent_id = living(till)
    with transaction():
        service.stop(actor=till.cast.sari.ref, sponsorship=sponsorships.get(sponsorship_id, lock=True))
    till.sandbox.fault("reset_before", times=50, path="/v1/payment_methods")
    late = DAYS["announced"] + timedelta(hours=30)
    with clock.frozen(late):
        jobs.work()
        [found] = [line for line in books.check() if line.name == "a cancelled card is detached at the payment service"]
        assert found.count == 1 and found.detail == queries.get(consent_id).ref
        till.sandbox.heal()
        jobs.work()
        [found] = [line for line in books.check() if line.name == "a cancelled card is detached at the payment service"]
        assert found.ok


def test_paying_by_hand_takes_back_the_announcement(till: Till) -> None:
    sponsorship_id, _consent = living(till)
    with clock.frozen(DAYS["second"]), till.app.test_request_context():
        offer = next(one for one in prices.renewals(sponsorships.get(sponsorship_id), Month(2027, 1)) if one.count == 1)
        order_id, _code = checkout.renew(sponsorship_id, 1, str(offer.total_rupiah))
        checkout.service.start_checkout(order_id)
        jobs.work()
        assert charges()[0].state is ChargeState.announced, "her bill is open: nothing is charged and nothing dropped yet"
        till.act(order_id, "pay")
        till.tell()
    with on("charged"):
        assert [charge.state for charge in charges()] == [ChargeState.dropped]
    assert months(sponsorship_id) == {"2026-12": "paid", "2027-01": "paid"}


def test_a_promise_that_is_over_ends_its_consent(till: Till) -> None:
    sponsorship_id, consent_id = living(till)
    with transaction():
        row = sponsorships.get(sponsorship_id, lock=True)
        row.worker.state = "deceased"
    with on("charged"):
        assert queries.get(consent_id).end_reason is EndReason.closed
        assert charges()[0].state is ChargeState.dropped
    with transaction():
        sponsorships.get(sponsorship_id, lock=True).worker.state = "active"


def test_one_living_charge_a_promise(till: Till) -> None:
    living(till)
    [charge] = charges()
    values = {c.key: getattr(charge, c.key) for c in AutoCharge.__mapper__.column_attrs if c.key != "id"}
    with pytest.raises(IntegrityError), transaction():
        db.session.add(AutoCharge(**(values | {"ref": "other", "number": 2})))
    assert db.session.scalar(select(func.count()).select_from(AutoCharge)) == 1


# ---- the pages -----------------------------------------------------------------------------------------------------------------


def test_on_and_off_through_the_pages(till: Till, as_: As) -> None:
    sponsorship_id = promise(till)
    code = sponsorships.get(sponsorship_id).code
    path = f"/dukungan/{code}/otomatis"
    sari, tono = as_("sari"), as_("tono")
    sari.get(path).sees("Perpanjangan otomatis", "6 bulan", "tidak ada uang yang ditarik")
    answer = sari.post(path, {"months": "3", "start": "1"})
    assert answer.status == 303 and "/pay/cs_test_" in answer.location
    sari.get(path).sees("Kartu sedang disimpan")
    consent = queries.find_last(sponsorship_id)
    assert consent
    till.sandbox.control(f"sessions/{consent.setup_session}/save")
    assert sari.post(path, {"look": "1"}).status == 303
    with on("announced"):
        sari = as_("sari")
        sari.get(path).sees("Menyala", "Visa •••• 4242", "pada 24 Desember 2026")
        sari.get(f"/dukungan/{code}").sees("Perpanjangan otomatis", "Menyala")
    [told] = notices("autopay_soon")
    link = "/otomatis/" + told.body.split("/otomatis/")[1].split()[0]
    tono.get(link).sees("tidak jadi")
    assert tono.post(link).status == 303
    tono.get(link).sees("Sudah mati.")
    assert not sponsorships.get(sponsorship_id).auto
    assert tono.get(path).status == 404
    assert sari.post(path, {"stop": "1"}).status == 409


def test_no_answer_while_a_card_is_to_be_saved_loses_nothing(till: Till, as_: As) -> None:
    sponsorship_id = promise(till)
    path = f"/dukungan/{sponsorships.get(sponsorship_id).code}/otomatis"
    till.sandbox.fault("reset_before", path="/v1/checkout/sessions")
    sari = as_("sari")
    page = sari.post(path, {"months": "3", "start": "1"})
    assert page.status == 503
    page.sees("belum menjawab")
    assert sari.post(path, {"months": "3", "start": "1"}).status == 303
