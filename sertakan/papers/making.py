"""Making a paper's file: from the ledger to bytes, in the language of who asked for it. Reads only; `service.keep` writes."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from sertakan.coverage.rules import MonthState
from sertakan.kit import clock, sheet
from sertakan.kit.errors import N_
from sertakan.kit.months import Month
from sertakan.papers import queries, rules, service
from sertakan.papers.models import Paper
from sertakan.papers.queries import ListedWorker
from sertakan.papers.rules import PaperKind
from sertakan.places import queries as places
from sertakan.sponsorships import queries as sponsorships
from sertakan.sponsorships.queries import SponsorshipView
from sertakan.tariff import queries as tariff
from sertakan.web.filters import bulan, ribuan, rupiah, tanggal

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = Path(__file__).parent / "templates" / "papers"
STATES: dict[MonthState, str] = {
    MonthState.reserved: N_("belum dibayar"),
    MonthState.paid: N_("dibayar"),
    MonthState.remitted: N_("disetor"),
    MonthState.posted: N_("aktif"),
}
TITLES = (
    N_("Nomor dukungan"),
    N_("Nama"),
    "NIK",
    N_("Pekerjaan"),
    N_("Kelurahan"),
    N_("Bulan pertama"),
    N_("Bulan terakhir"),
    N_("Bulan aktif di BPJS"),
    N_("Bulan dibayar"),
    N_("Iuran dibayar (rupiah)"),
    N_("Keadaan tiap bulan"),
)
CARD_BACK = (
    (
        N_("Kecelakaan kerja?"),
        N_("1. Ke rumah sakit terdekat. 2. Tunjukkan kartu ini dan KTP. 3. Telepon 175, paling lambat 2 × 24 jam."),
    ),
    (N_("Meninggal dunia?"), N_("Ahli waris berhak atas santunan. Telepon 175 atau datang ke kelurahan. Gratis.")),
)


def make(paper_id: int) -> None:
    """Make one paper and keep it. Outside any transaction; a worker that dies leaves it waiting, and it is made from the beginning."""
    paper = queries.get(paper_id)
    with force_locale(paper.locale), TemporaryFile() as out:
        facts = MAKERS[paper.kind](paper, out)
        service.keep(paper_id=paper_id, file=out, facts=facts)


# ---- the report ----------------------------------------------------------------------------------------------------------------


def _report(paper: Paper, out: IO[bytes]) -> dict[str, Any]:
    sheet.write_xlsx(out, [_title(title) for title in TITLES], _lines(paper.id, paper.organisation_id))
    return {"people": paper.total}


def _title(title: str) -> str:
    return title if title == "NIK" else str(_(title))


def _lines(paper_id: int, organisation_id: int) -> Iterator[Sequence[sheet.Cell]]:
    """Row by row, a thousand read at a time; the progress is written between two reads."""
    works = {work.code: str(_(work.label)) for work in tariff.list_occupations()}
    words = {state: str(_(word)) for state, word in STATES.items()}
    names = {place.code: place.name for place in places.list_kelurahan()}
    after = done = 0
    while True:
        part, after = queries.list_part(organisation_id, after)
        if not part:
            return
        for row in part:
            yield _line(row, works, names, words)
        done += len(part)
        service.progress(paper_id, done)


def _line(row: ListedWorker, works: dict[str, str], names: dict[str, str], words: dict[MonthState, str]) -> Sequence[sheet.Cell]:
    return (
        row.code,
        row.name,
        row.nik_masked,
        works.get(row.occupation_code, ""),
        names.get(row.kelurahan_code or "", ""),
        str(row.first),
        str(row.last),
        sum(state is MonthState.posted for _month, state in row.months),
        sum(state in rules.PAID for _month, state in row.months),
        row.paid_rupiah,
        ", ".join(f"{month} {words[state]}" for month, state in row.months),
    )


def _report_pdf(paper: Paper, out: IO[bytes]) -> dict[str, Any]:
    rows = [
        [str(line[1]), f"{line[0]}\n{line[2]}", str(line[3]), f"{line[5]}\n{line[6]}", str(line[7]), rupiah(int(line[9] or 0))]
        for line in _lines(paper.id, paper.organisation_id)
    ]
    heads = [_("Nama"), _("Nomor, NIK"), _("Pekerjaan"), _("Dari, sampai"), _("Aktif"), _("Dibayar")]
    facts = {"people": paper.total}
    tables = [{"title": "", "columns": heads, "rows": rows, "right": [4, 5], "widths": [1.6, 1.5, 1.5, 0.9, 0.6, 1]}]
    _print("statement.typ", out, _page(paper, _("Laporan pekerja"), [(_("Pekerja"), ribuan(paper.total))], tables))
    return facts


# ---- the yearly statement ------------------------------------------------------------------------------------------------------


def statement_facts(organisation_id: int, year: int) -> dict[str, Any]:
    """What the statement of a year says, as the ledger stands now: sums, months and kelurahan, no names."""
    lines = rules.lines_of(queries.year_by_month(organisation_id, year))
    return {
        "year": year,
        "people": queries.year_people(organisation_id, year),
        "months": sum(line.months for line in lines),
        "paid_rupiah": sum(line.paid_rupiah for line in lines),
        "posted": sum(line.posted for line in lines),
        "posted_rupiah": sum(line.posted_rupiah for line in lines),
        "back_rupiah": sum(line.back_rupiah for line in lines),
        "lines": [asdict(line) for line in lines],
        "places": [asdict(place) for place in rules.places_of(queries.year_by_place(organisation_id, year))],
    }


def _statement(paper: Paper, out: IO[bytes]) -> dict[str, Any]:
    facts = statement_facts(paper.organisation_id, paper.year or 0)
    page = _page(paper, _("Laporan tahunan %(year)s", year=paper.year), _statement_sums(facts), _statement_tables(facts))
    _print("statement.typ", out, page)
    return facts


def _statement_sums(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Pekerja"), ribuan(facts["people"])),
        (_("Bulan iuran dibayar"), ribuan(facts["months"])),
        (_("Iuran dibayar"), rupiah(facts["paid_rupiah"])),
        (_("Di antaranya aktif di BPJS"), f"{ribuan(facts['posted'])} · {rupiah(facts['posted_rupiah'])}"),
        (_("Dikembalikan"), rupiah(facts["back_rupiah"])),
    ]


def _statement_tables(facts: dict[str, Any]) -> list[dict[str, Any]]:
    by_month = [
        [
            bulan(Month.parse(line["month"])),
            ribuan(line["months"]),
            rupiah(line["paid_rupiah"]),
            ribuan(line["posted"]),
            rupiah(line["back_rupiah"]) if line["back"] else "–",
        ]
        for line in facts["lines"]
    ]
    by_place = [
        [place["name"] or str(_("Kelurahan lain")), ribuan(place["people"]), ribuan(place["months"]), rupiah(place["rupiah"])]
        for place in facts["places"]
    ]
    months = [_("Bulan iuran"), _("Dibayar"), _("Iuran"), _("Aktif di BPJS"), _("Dikembalikan")]
    return [
        {"title": _("Tiap bulan"), "columns": months, "rows": by_month, "right": [1, 2, 3, 4], "widths": [1.4, 1, 1, 1, 1]},
        {
            "title": _("Tiap kelurahan"),
            "columns": [_("Kelurahan"), _("Pekerja"), _("Bulan"), _("Iuran")],
            "rows": by_place,
            "right": [1, 2, 3],
            "widths": [1.6, 1, 1, 1],
        },
    ]


# ---- certificate and cards -----------------------------------------------------------------------------------------------------


def _certificate(paper: Paper, out: IO[bytes]) -> dict[str, Any]:
    people, months, since = queries.posted_sums(paper.organisation_id)
    told = _(
        "yang telah melindungi %(people)s pekerja informal di sekitarnya dengan %(months)s bulan iuran BPJS Ketenagakerjaan"
        " yang sudah aktif, sejak %(since)s.",
        people=ribuan(people),
        months=ribuan(months),
        since=bulan(since) if since else "–",
    )
    words = {
        "title": _("Piagam terima kasih"),
        "to": _("diberikan kepada"),
        "name": paper.organisation.name,
        "words": told,
        "thanks": _("Terima kasih sudah tidak membiarkan mereka sendirian."),
        "place": _("Pontianak, %(day)s", day=tanggal(clock.today())),
    }
    _print("certificate.typ", out, _frame(paper) | words)
    return {"people": people, "months": months}


def _cards(paper: Paper, out: IO[bytes]) -> dict[str, Any]:
    rows = queries.list_for_cards(paper.organisation_id, paper.part or 1)
    cards = [_card(view) for view in sponsorships.views_of(rows)]
    words = {
        "title": _("Kartu saku"),
        "cards": cards,
        "check": _("Cek di %(address)s", address=_address()),
        "code": _("Kode"),
        "programme": _("JKK + JKM · BPJS Ketenagakerjaan"),
        "back": [[str(_(head)), str(_(text))] for head, text in CARD_BACK],
    }
    _print("cards.typ", out, _frame(paper) | words)
    return {"people": len(cards)}


def _card(view: SponsorshipView) -> dict[str, str]:
    """Only a month that BPJS has posted says "Terlindungi"; the rest is under way."""
    if view.protected and view.posted_until:
        state = _("Terlindungi sampai %(day)s", day=tanggal(view.posted_until))
    elif view.on_the_way:
        state = _("Sedang diproses")
    else:
        state = _("Belum terlindungi")
    return {"name": view.display_name, "code": view.code, "state": str(state)}


# ---- printing ------------------------------------------------------------------------------------------------------------------


def _address() -> str:
    """Where a code is checked, without the scheme: it is read from paper."""
    return str(current_app.config["SETTINGS"].base_url).split("://")[-1].rstrip("/") + "/verifikasi"


def _frame(paper: Paper) -> dict[str, Any]:
    return {
        "lang": paper.locale,
        "paper_code": paper.code,
        "no_bpjs": _("Dibuat oleh Sertakan, bukan dokumen BPJS Ketenagakerjaan."),
        "verify": _("Periksa keasliannya di %(address)s, kode %(code)s.", address=_address(), code=paper.code),
        "made": _("Keadaan per %(day)s", day=tanggal(clock.today())),
    }


def _page(paper: Paper, title: str, sums: list[tuple[str, str]], tables: list[dict[str, Any]]) -> dict[str, Any]:
    facts = [(_("Lembaga"), paper.organisation.name), *sums]
    notes = [_("Hanya bulan dengan bukti dari BPJS Ketenagakerjaan yang disebut aktif.")]
    if paper.kind is PaperKind.statement:
        notes.append(_("Kelurahan dengan kurang dari lima pekerja digabung, supaya tidak ada yang dapat dikenali."))
    return _frame(paper) | {"title": title, "facts": facts, "tables": tables, "notes": notes}


def _print(template: str, out: IO[bytes], words: dict[str, Any]) -> None:
    import typst  # 6 MiB that a process needs only once somebody prints

    data = json.dumps(words, ensure_ascii=False, default=str)
    out.write(
        typst.compile(
            str(TEMPLATES / template), root=str(ROOT), ignore_system_fonts=True, sys_inputs={"data": data}, pdf_standards="ua-1"
        )
    )


MAKERS: dict[PaperKind, Callable[[Paper, IO[bytes]], dict[str, Any]]] = {
    PaperKind.certificate: _certificate,
    PaperKind.cards: _cards,
    PaperKind.report: _report,
    PaperKind.report_pdf: _report_pdf,
    PaperKind.statement: _statement,
}
