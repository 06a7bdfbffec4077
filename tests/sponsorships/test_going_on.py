"""Going on from a message, saying that one does not, and the days in a calendar."""

from datetime import date, timedelta

import pytest
from flask import Flask
from icalendar import Calendar

from sertakan.audit.queries import list_for
from sertakan.coverage.rules import MonthState
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.kit.months import Month
from sertakan.notices.models import Notice
from sertakan.sponsorships import calendar, links, queries, refusals, renewal, rules, service
from sertakan.sponsorships.models import Sponsorship
from sertakan.sponsorships.rules import ReviewState, TermState
from tests import factories
from tests.cast import Cast
from tests.page import PageClient
from tests.sponsorships.test_sweep import kinds, lines, on, running, sweep_on

FIRST = date(2027, 5, 1)


def link_in(body: str) -> str:
    """The path of the renewal link of a message."""
    return "/p/" + body.split("/p/")[1].split()[0]


def told() -> Notice:
    return db.session.scalars(db.select(Notice).order_by(Notice.id.desc())).first()  # type: ignore[return-value]


def unnamed(row: Sponsorship, name: str) -> None:
    with transaction():
        db.session.get_one(Sponsorship, row.id).typed_name = name


# ---- one link for several ------------------------------------------------------------------------------------------------------


def test_one_link_opens_a_list_with_a_price_for_each(app: Flask, cast: Cast, client: PageClient) -> None:
    ati, budi = running(cast), running(cast)
    unnamed(ati, "Ati"), unnamed(budi, "Budi")
    code = budi.code
    sweep_on(FIRST)
    with on(FIRST):
        page = client.get(link_in(told().body))
        assert "Ati" in page.text and "Budi" in page.text
        assert page.text.count("Bayar Rp100.800") == 2
        alone = client.get(f"{link_in(told().body)}?untuk={code}")
        assert "Perpanjang Budi" in alone.text and "Ati" not in alone.text


def test_the_list_costs_the_same_statements_for_two_and_for_twelve(app: Flask, cast: Cast, client: PageClient) -> None:
    running(cast), running(cast)
    sweep_on(FIRST)
    few = link_in(told().body)
    for _n in range(12):
        running(cast)
    sweep_on(FIRST + timedelta(days=1))
    many = link_in(told().body)
    with on(FIRST):
        client.get(few)
        assert client.get(many).statements == client.get(few).statements <= 6


def test_a_link_for_several_opens_no_other_sponsorship(app: Flask, cast: Cast, client: PageClient) -> None:
    running(cast), running(cast)
    sweep_on(FIRST)
    other = factories.sponsorship(cast.tono, review=ReviewState.approved, term=TermState.running, state=MonthState.posted)
    with on(FIRST):
        page = client.get(f"{link_in(told().body)}?untuk={other.code}")
        assert page.text.startswith("Perpanjang perlindungan") or "Pilih siapa" in page.text
        assert client.get(f"{link_in(told().body)}/tidak-lanjut?untuk={other.code}").status == 404


# ---- not going on --------------------------------------------------------------------------------------------------------------


def test_who_does_not_go_on_is_thanked_and_asked_no_more(app: Flask, cast: Cast, client: PageClient) -> None:
    row = running(cast)
    row_id = row.id
    sweep_on(FIRST)
    with on(FIRST):
        path = link_in(told().body)
        page = client.get(path + "/tidak-lanjut")
        assert "Anda tidak berutang apa-apa" in page.text and "31 Mei 2027" in page.text
        assert queries.get(row_id).declined_until is None  # looking changes nothing
        for _twice in range(2):
            client.post(path + "/tidak-lanjut", {})
        assert "Terima kasih untuk bulan-bulan" in client.get(path + "/tidak-lanjut").text
    assert [entry.action for entry in list_for(service.subject(queries.get(row_id)))] == ["sponsorship.decline"]
    for day in (date(2027, 5, 21), date(2027, 5, 28), date(2027, 6, 1)):
        sweep_on(day)
    assert lines("kind", "reason") == [
        ("reminder_30", None),
        ("reminder_10", rules.DECLINED),
        ("reminder_3", rules.DECLINED),
        ("grace", rules.DECLINED),
    ]
    assert kinds() == ["reminder_30"]


def test_a_reminder_that_waits_is_not_sent_to_who_does_not_go_on(app: Flask, cast: Cast) -> None:
    from sertakan.notices import jobs as notice_jobs
    from sertakan.sponsorships import letters

    row = running(cast)
    sweep_on(FIRST)
    with on(FIRST):
        with transaction():
            renewal.decline(sponsorship=queries.get(row.id, lock=True))
        assert notice_jobs.send_due(look_again=letters.look_again) == 0
    assert lines("state", "reason") == [("skipped", rules.DECLINED)]


def test_who_renews_after_all_is_reminded_of_the_next_end(app: Flask, cast: Cast) -> None:
    row = running(cast)
    with on(FIRST), transaction():
        renewal.decline(sponsorship=queries.get(row.id, lock=True))
    with on(FIRST), transaction():
        db.session.add(factories._month(row.worker_id, Month(2027, 6), MonthState.paid, row.id))
        service.start_if_ready(queries.get(row.id, lock=True))
    assert not renewal.declines(queries.get(row.id), date(2027, 6, 30))
    sweep_on(date(2027, 6, 1))
    assert [kind for (kind,) in lines("kind")] == ["reminder_30"] and factories.count(Notice) == 1


def test_without_a_paid_month_there_is_nothing_to_decline(app: Flask, cast: Cast) -> None:
    row = factories.sponsorship(cast.sari)
    with pytest.raises(refusals.NothingToDecline), transaction():
        renewal.decline(sponsorship=queries.get(row.id, lock=True))


@pytest.mark.parametrize("spoil", ["expired", "revoked", "made up"])
def test_a_link_that_is_over_declines_nothing(app: Flask, cast: Cast, client: PageClient, spoil: str) -> None:
    row_id = running(cast).id
    with transaction():
        token = links.make_link(sponsorship=queries.get(row_id), purpose="renew", days=1)
    if spoil == "revoked":
        with transaction():
            links.revoke_links(queries.get(row_id))
    with clock.frozen(clock.now() + timedelta(days=2 if spoil == "expired" else 0)):
        page = client.post(f"/p/{'x' * 32 if spoil == 'made up' else token}/tidak-lanjut", {})
    assert page.status == 410
    assert queries.get(row_id).declined_until is None


def test_civicrm_34745_renew_is_offered_in_ending_grace_and_lapsed(app: Flask, cast: Cast, client: PageClient) -> None:
    row = running(cast)
    with transaction():
        token = links.make_link(sponsorship=queries.get(row.id), purpose="renew", days=400)
    for day in (date(2027, 5, 20), date(2027, 6, 10), date(2027, 8, 10), date(2027, 10, 1)):
        with on(day):
            assert "Bayar Rp" in client.get(f"/p/{token}").text, day


# ---- the calendar --------------------------------------------------------------------------------------------------------------


def events(text: str) -> dict[str, tuple[date, int, str]]:
    """By the part of the UID that says what it is: day, sequence, words."""
    found = {}
    for event in Calendar.from_ical(text).walk("VEVENT"):
        what = str(event["UID"]).removesuffix("@sertakan").rpartition("-")[2]
        found[what] = (event.decoded("DTSTART"), int(event["SEQUENCE"]), str(event["SUMMARY"]))
    return found


def test_the_calendar_has_the_day_to_renew_and_the_last_day_and_names_nobody(app: Flask, cast: Cast, client: PageClient) -> None:
    running(cast)
    with on(FIRST):
        answer = client.get(f"/kalender/{calendar.token_of(cast.sari.ref)}.ics")
    assert answer.response.mimetype == "text/calendar"
    text = answer.html
    assert events(text) == {
        "renew": (date(2027, 5, 21), 6, "Perpanjang perlindungan S."),
        "end": (date(2027, 5, 31), 6, "Hari terakhir perlindungan S."),
    }
    assert "Sumiati" not in text and "Sari" not in text and "Rp" not in text


def test_after_a_renewal_the_same_event_moves_with_a_higher_sequence(app: Flask, cast: Cast) -> None:
    row = running(cast)
    with app.test_request_context(), on(FIRST):
        before = calendar.write([queries.view_of(queries.get(row.id))], FIRST).decode()
        with transaction():
            db.session.add(factories._month(row.worker_id, Month(2027, 6), MonthState.paid, row.id))
        after = calendar.write([queries.view_of(queries.get(row.id))], FIRST).decode()
    uids = [sorted(str(event["UID"]) for event in Calendar.from_ical(text).walk("VEVENT")) for text in (before, after)]
    assert uids[0] == uids[1]
    assert events(after)["end"] == (date(2027, 6, 30), 7, "Hari terakhir perlindungan S.")


def test_an_end_on_29_february_is_that_day(app: Flask, cast: Cast) -> None:
    row = running(cast, first="2027-12", count=3)
    with app.test_request_context(), on(date(2028, 2, 1)) as day:
        assert events(calendar.write([queries.view_of(queries.get(row.id))], day).decode())["end"][0] == date(2028, 2, 29)


def test_who_does_not_go_on_has_no_day_to_renew(app: Flask, cast: Cast) -> None:
    row = running(cast)
    with on(FIRST), transaction():
        renewal.decline(sponsorship=queries.get(row.id, lock=True))
    with app.test_request_context(), on(FIRST):
        assert list(events(calendar.write([queries.view_of(queries.get(row.id))], FIRST).decode())) == ["end"]


def test_a_made_up_calendar_address_and_a_closed_account_are_not_there(app: Flask, cast: Cast, client: PageClient) -> None:
    assert client.get("/kalender/abc.def.ics").status == 404
    mute = calendar.token_of("x").rsplit(".", 1)[1]
    assert client.get(f"/kalender/{cast.sari.ref}.{mute}.ics").status == 404
    with transaction():
        cast.tono.disabled_at = clock.now()
    assert client.get(f"/kalender/{calendar.token_of(cast.tono.ref)}.ics").status == 404
