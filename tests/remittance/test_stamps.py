"""What a sponsor sees of a month's way: four stamps with their days, and a sentence when a month stands too long."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from sertakan.coverage.rules import MonthState, is_late, month_start, waits_since
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice, NoticeState
from sertakan.sponsorships.models import Sponsorship
from sertakan.tariff import queries as tariff
from tests.conftest import NOW
from tests.page import PageClient
from tests.remittance.conftest import Desk

As = Callable[[str], PageClient]
SENT_LATE, ANSWER_LATE = "menunggu disetor lebih lama", "belum menjawab lebih lama"
NOVEMBER, DECEMBER = Month(2026, 11), Month(2026, 12)


@pytest.mark.parametrize(
    ("state", "month", "paid", "approved", "since"),
    [
        (MonthState.paid, NOVEMBER, 5, 2, NOW - timedelta(hours=2)),
        (MonthState.paid, NOVEMBER, 2, 5, NOW - timedelta(hours=2)),
        (MonthState.paid, DECEMBER, 5, 2, month_start(DECEMBER)),
        (MonthState.paid, NOVEMBER, 5, None, None),
        (MonthState.remitted, NOVEMBER, 5, 2, None),
    ],
)
def test_a_month_waits_since_its_money_its_yes_or_its_first_day(
    state: MonthState, month: Month, paid: int, approved: int | None, since: object
) -> None:
    yes = None if approved is None else NOW - timedelta(hours=approved)
    assert waits_since(state, month, NOW - timedelta(hours=paid), yes) == since


def test_exactly_as_old_as_the_limit_is_not_late() -> None:
    day = timedelta(days=1)
    assert (
        not is_late(NOW - day, NOW, day) and is_late(NOW - day - timedelta(seconds=1), NOW, day) and not is_late(None, NOW, day)
    )


def own_page(desk: Desk, as_: As, promise: int) -> tuple[PageClient, str]:
    tariff.tariff_book()  # read once a minute by whoever comes first
    code = db.session.get_one(Sponsorship, promise).code
    return as_("sari"), f"/dukungan/{code}"


def test_each_stamp_appears_with_its_day_and_the_fourth_when_the_news_went_out(desk: Desk, as_: As) -> None:
    promise = desk.promise(first="2026-11")
    sari, path = own_page(desk, as_, promise)
    sari.get(path).sees("Dana diterima").misses("Disetor 2", "Dikabarkan")
    code = desk.paid()
    sari.get(path).sees("Disetor 2").misses("Aktif di BPJS 2")
    desk.answer(code, desk.rows_for(promise))
    sari.get(path).sees("Aktif di BPJS 2").misses("Dikabarkan 2")
    with transaction() as session:
        notice = session.scalars(select(Notice).where(Notice.kind == "posted")).one()
        notice.state, notice.sent_at = NoticeState.sent, clock.now()
    page = sari.get(path).sees("Dikabarkan 2")
    assert page.statements <= 7


def test_liberapay_pr_1674_the_sponsor_reads_a_sentence_while_her_money_stands_too_long(desk: Desk, as_: As) -> None:
    promise = desk.promise(first="2026-11")
    with transaction() as session:
        session.get_one(Sponsorship, promise).decided_at = clock.now()
    sari, path = own_page(desk, as_, promise)
    sari.get(path).misses(SENT_LATE, ANSWER_LATE)
    with clock.frozen(NOW + timedelta(hours=25)):
        own_page(desk, as_, promise)[0].get(path).sees(SENT_LATE)
    desk.paid()
    with clock.frozen(NOW + timedelta(hours=71)):
        own_page(desk, as_, promise)[0].get(path).misses(SENT_LATE, ANSWER_LATE)
    with clock.frozen(NOW + timedelta(hours=73)):
        own_page(desk, as_, promise)[0].get(path).sees(ANSWER_LATE)
