"""A batch of everything that may be sent, paid on to BPJS, with one answer by file and one refusal."""

from sqlalchemy import select

from sertakan.coverage.models import CoverageMonth
from sertakan.db import db, transaction
from sertakan.kit import clock
from sertakan.remittance import answers, queries, service
from sertakan.remittance.models import AnswerFile, Line, Repair
from sertakan.remittance.rules import BounceReason, FileState, LineState, Result
from tests.cast import Cast


class Desk:
    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def sent(self) -> dict[str, str]:
        """The values for the placeholders of the route table."""
        maya, agus = self.cast.maya, self.cast.agus
        with transaction() as session:
            batch = service.gather(actor=maya, through=clock.this_month())
            service.lock(actor=maya, batch=batch)
            service.note_code(actor=maya, batch=batch, code="BPU-1")
            service.mark_paid(actor=agus, batch=batch, proof="TRX-1", amount_rupiah=batch.amount_rupiah)
            service.remit_chunk(batch)
            found = {"batch": batch.code, **self._answers(batch.id)}
            session.flush()
        return found

    def _answers(self, batch_id: int) -> dict[str, str]:
        batch = queries.get_by_id(batch_id, lock=True)
        lines = db.session.scalars(select(Line).where(Line.batch_id == batch_id).order_by(Line.id)).all()
        answers.answer_by_hand(
            actor=self.cast.maya,
            batch=batch,
            line=lines[0],
            result=Result.bounced,
            reason=BounceReason.name_differs,
            evidence="Surat 1",
        )
        file = AnswerFile(
            batch_id=batch_id,
            fingerprint="f" * 64,
            state=FileState.refused,
            problems=[{"place": "B2", "code": "month_unreadable", "params": {}}],
            problem_count=1,
            uploaded_by_id=self.cast.maya.id,
            uploaded_at=clock.now(),
        )
        db.session.add(file)
        db.session.flush()
        month = db.session.scalars(
            select(CoverageMonth.ref).join(Line).where(Line.batch_id == batch_id, Line.state == LineState.paid)
        ).first()
        repair = db.session.scalars(select(Repair.ref)).first()
        return {"answer": file.ref, "sent_month": month or "", "repair": repair or ""}
