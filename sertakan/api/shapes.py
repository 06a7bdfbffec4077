"""Rows as JSON: the shapes that the document describes. No NIK but a masked one, no payer but the organisation itself."""

from collections.abc import Sequence
from typing import Any

from sertakan.bulk import wording
from sertakan.bulk.models import Upload, UploadRow
from sertakan.bulk.rows import problems_in
from sertakan.coverage.models import CoverageMonth
from sertakan.kit import nik
from sertakan.leavers.models import LeaverFile
from sertakan.sponsorships.queries import SponsorshipView


def worker_shape(view: SponsorshipView) -> dict[str, Any]:
    row = view.sponsorship
    return {
        "code": view.code,
        "name": view.display_name,
        "nik_masked": None if row.chosen_from_list else nik.mask(row.worker.nik or ""),
        "occupation": row.worker.occupation_code,
        "kelurahan": row.worker.kelurahan_code,
        "first_month": str(row.first_month),
        "last_month": str(row.last_month),
        "review": row.review_state.value,
        "standing": view.standing.standing.value,
        "protected": view.protected,
        "covered_until": view.covered_until.isoformat() if view.covered_until else None,
    }


def worker_with_months(view: SponsorshipView, months: Sequence[tuple[CoverageMonth, str]]) -> dict[str, Any]:
    return worker_shape(view) | {
        "months": [
            {"month": str(row.month), "state": row.state.value, "price_rupiah": row.price_rupiah, "code": code}
            for row, code in months
        ]
    }


def upload_shape(row: Upload) -> dict[str, Any]:
    counts = row.counts or {}
    return {
        "ref": row.ref,
        "name": row.name,
        "state": row.state.value,
        "first_month": str(row.first_month),
        "count": row.count,
        "rows_read": row.rows_read or 0,
        "ready": counts.get("ready", 0),
        "wrong": counts.get("wrong", 0),
        "skipped": counts.get("skipped", 0),
        "mark": row.mark,
        "created_at": row.created_at.isoformat(),
    }


def problem_rows(rows: Sequence[UploadRow]) -> list[dict[str, Any]]:
    """Row number, and of each problem its kind, column and sentence; what was typed is not repeated."""
    return [
        {
            "row": row.row_number,
            "problems": [
                {"kind": one["kind"], "column": one["key"], "detail": wording.sentence(one)} for one in problems_in(row.content)
            ],
        }
        for row in rows
    ]


def leavers_shape(file: LeaverFile) -> dict[str, Any]:
    counts = file.counts
    return {
        "ref": file.ref,
        "name": file.name,
        "state": file.state.value,
        "ready": counts["ready"],
        "wrong": counts["wrong"],
        "skipped": counts["skipped"],
        "done": counts["done"],
        "months_freed": counts["freed"],
        "freed_rupiah": counts["rupiah"],
        "created_at": file.created_at.isoformat(),
    }
