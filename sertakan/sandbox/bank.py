"""What happens to money: sessions open, get paid, declined, paid later or twice, expire; refunds succeed, wait or fail.

Each verb is one transaction of the store and writes the events that Stripe would send.
"""

import time
from typing import Any

from sertakan.sandbox import shapes
from sertakan.sandbox.errors import ApiError, Json
from sertakan.sandbox.store import Store

SEN = 100
MOST_SEN = 999_999_999_999
SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600
SLACK_S = 60  # between the caller's clock and ours


class Bank:
    """The verbs. `minimum_rupiah` is what Stripe's US$0.50 comes to today."""

    def __init__(self, store: Store, minimum_rupiah: int = 8_000) -> None:
        self.store, self.minimum_rupiah = store, minimum_rupiah
        self.request: Json = {"id": None, "idempotency_key": None}

    # -- sessions

    def open_session(self, wanted: Json, url_base: str) -> Json:
        """Raises for amounts Stripe would not charge and for an expiry outside 30 minutes to 24 hours."""
        now = self.store.now()
        expires = self.check_expiry(wanted, now)
        if "line_items" not in wanted:
            raise ApiError(400, "Missing required param: line_items.", code="parameter_missing", param="line_items")
        session = shapes.session(wanted, url_base=url_base, created=now)
        self.check_amount(session["amount_total"])
        item = wanted["line_items"][0]["price_data"]["product_data"]
        private = {"description": item["name"], "metadata": wanted.get("payment_intent_data", {}).get("metadata", {})}
        with self.store.write():
            self.store.set(f"private_{session['id']}", private)
            self.store.remember_expiry(session["id"], expires)
            return self.store.put(session)

    def check_expiry(self, wanted: Json, now: int) -> int:
        expires = int(wanted.get("expires_at", now + LONGEST_S))
        if not now + SHORTEST_S - SLACK_S <= expires <= now + LONGEST_S + SLACK_S:
            said = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation."
            raise ApiError(400, said, param="expires_at")
        return expires

    def check_amount(self, total: int) -> None:
        if total % SEN:
            said = "Invalid amount: IDR charges must be whole rupiah, so divisible by 100"
            raise ApiError(400, said, code="parameter_invalid_integer", param="line_items[0][price_data][unit_amount]")
        if total < self.minimum_rupiah * SEN:
            said = f"The Checkout Session's total amount due must add up to at least Rp{self.minimum_rupiah} idr"
            raise ApiError(400, said, code="amount_too_small")
        if total > MOST_SEN:
            raise ApiError(400, "The Checkout Session's total amount due is too large", code="amount_too_large")

    def session(self, session_id: str) -> Json:
        self.expire_due()
        return self.store.get("checkout.session", session_id)

    def product(self, session: Json) -> str:
        """What the payer buys, in the words of the merchant."""
        return str(self.store.setting(f"private_{session['id']}", {}).get("description", ""))

    def expire_session(self, session_id: str) -> Json:
        with self.store.write():
            session = self.store.get("checkout.session", session_id)
            if session["status"] != "open":
                said = f'Only Checkout Sessions with a status in ["open"] can be expired, not `{session["status"]}`.'
                raise ApiError(400, said)
            return self._expire(session)

    def _expire(self, session: Json) -> Json:
        self._save(session, status="expired", url=None)
        self.tell("checkout.session.expired", session)
        return session

    def expire_due(self) -> None:
        """Close the open sessions whose time has passed."""
        with self.store.write():
            for session_id in self.store.take_expired():
                session = self.store.get("checkout.session", session_id)
                if session["status"] == "open":
                    self._expire(session)

    # -- paying

    def pay(self, session_id: str, method: str = "card") -> Json:
        """The payer pays and the money is there at once."""
        with self.store.write():
            session = self._to_pay(session_id)
            intent = self._intent(session)
            self.succeed(intent, method)
            self._save(session, status="complete", payment_status="paid", payment_intent=intent["id"], url=None)
            self.tell("checkout.session.completed", session)
            return session

    def decline(self, session_id: str, method: str = "card") -> Json:
        """The payer's bank says no. The session stays open for another try."""
        with self.store.write():
            session = self._to_pay(session_id)
            intent = self._intent(session)
            self._save(session, payment_intent=intent["id"])
            self.fail(intent, method)
            return session

    def pay_later(self, session_id: str) -> Json:
        """The payer has got a transfer code; the session is complete, the money is not there."""
        with self.store.write():
            session = self._to_pay(session_id)
            intent = self._intent(session)
            self._save(intent, status="processing")
            self._save(session, status="complete", payment_intent=intent["id"], url=None)
            self.tell("payment_intent.processing", intent)
            self.tell("checkout.session.completed", session)
            return session

    def settle_later(self, session_id: str, *, success: bool) -> Json:
        """The transfer of `pay_later` has come, or will never come. However late."""
        with self.store.write():
            session = self.store.get("checkout.session", session_id)
            if session["status"] != "complete" or session["payment_status"] != "unpaid":
                raise ApiError(400, "There is no pending payment in this session.")
            intent = self.store.get("payment_intent", session["payment_intent"])
            if intent["status"] != "processing":
                raise ApiError(400, "The pending payment has failed already.")
            if success:
                self.succeed(intent, "customer_balance")
                self._save(session, payment_status="paid")
            else:
                self.fail(intent, "customer_balance")
            self.tell(f"checkout.session.async_payment_{'succeeded' if success else 'failed'}", session)
            return session

    def pay_again(self, session_id: str) -> Json:
        """The same order is paid once more, as with two open tabs: a second session with an intent and a charge of its own."""
        with self.store.write():
            first = self.store.get("checkout.session", session_id)
            if first["payment_status"] != "paid":
                raise ApiError(400, "This session is not paid yet.")
            private = self.store.setting(f"private_{session_id}", {})
            now = self.store.now()
            second = first | {
                "id": shapes.new_id("cs_test_a1", 56),
                "created": now,
                "payment_intent": None,
                "payment_status": "unpaid",
            }
            self.store.set(f"private_{second['id']}", private)
            intent = self._intent(second)
            self.succeed(intent, "card")
            self._save(second, payment_status="paid", payment_intent=intent["id"])
            self.tell("checkout.session.completed", second)
            return second

    def open_one(self, session_id: str) -> Json:
        self.expire_due()
        session = self.store.get("checkout.session", session_id)
        if session["status"] != "open":
            raise ApiError(400, f"This Checkout Session is {session['status']}.")
        return session

    def _to_pay(self, session_id: str) -> Json:
        session = self.open_one(session_id)
        if session["mode"] != "payment":
            raise ApiError(400, "This session takes no money.")
        return session

    def _intent(self, session: Json) -> Json:
        known = self.store.find("payment_intent", session["payment_intent"])
        if known:
            return known
        private = self.store.setting(f"private_{session['id']}", {})
        intent = shapes.payment_intent(
            session, metadata=private.get("metadata", {}), description=private.get("description", ""), created=self.store.now()
        )
        self.store.put(intent)
        self.tell("payment_intent.created", intent)
        return intent

    def succeed(self, intent: Json, method: str) -> None:
        charge = self.store.put(shapes.charge(intent, paid=True, method=method, created=self.store.now()))
        self._save(
            intent, status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"], last_payment_error=None
        )
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)

    def fail(self, intent: Json, method: str, code: str = "card_declined") -> None:
        charge = self.store.put(shapes.charge(intent, paid=False, method=method, created=self.store.now()))
        error = {"type": "card_error", "code": code, "charge": charge["id"]}
        error["decline_code"] = "generic_decline" if code == "card_declined" else code
        self._save(intent, status="requires_payment_method", latest_charge=charge["id"], last_payment_error=error)
        self.tell("charge.failed", charge)
        self.tell("payment_intent.payment_failed", intent)

    # -- refunds

    def refund(self, wanted: Json) -> Json:
        """Give back what is left of a charge, or part of it. The next refunds can be told to wait or fail."""
        with self.store.write():
            charge = self._charge_to_refund(wanted)
            left = charge["amount"] - charge["amount_refunded"]
            if charge["disputed"]:
                said = f"Charge {charge['id']} has been charged back; cannot issue a refund."
                raise ApiError(400, said, code="charge_disputed", stored=True)
            if left == 0:
                raise ApiError(
                    400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", stored=True
                )
            amount = wanted.get("amount", left)
            if amount > left or amount % SEN:
                said = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}), or not whole rupiah"
                raise ApiError(400, said, param="amount", stored=True)
            status = self._next_refund_status()
            refund = self.store.put(shapes.refund(charge, wanted, amount=amount, status=status, created=self.store.now()))
            self._add_refunded(charge, amount)
            self.tell("refund.created", refund)
            self.tell("charge.refunded", charge)
            if status == "failed":
                self._take_back(refund)
            self.tell("refund.updated", refund)
            return refund

    def settle_refund(self, refund_id: str, status: str) -> Json:
        """A pending refund arrives; or one comes back from the bank, even after it succeeded."""
        with self.store.write():
            refund = self.store.get("refund", refund_id)
            if refund["status"] in {"failed", "canceled"} or refund["status"] == status:
                raise ApiError(400, f"This refund is {refund['status']}.")
            self._save(refund, status=status, pending_reason=None)
            if status in {"failed", "canceled"}:
                self._take_back(refund)
            self.tell("refund.updated", refund)
            return refund

    def _charge_to_refund(self, wanted: Json) -> Json:
        if ("payment_intent" in wanted) == ("charge" in wanted):
            raise ApiError(400, "One of the following params should be provided for this request: payment_intent or charge.")
        if "charge" in wanted:
            return self.store.get("charge", wanted["charge"])
        intent = self.store.get("payment_intent", wanted["payment_intent"])
        if intent["status"] != "succeeded":
            said = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
            raise ApiError(400, said, code="payment_intent_unexpected_state", param="payment_intent")
        return self.store.get("charge", intent["latest_charge"])

    def _next_refund_status(self) -> str:
        planned: list[str] = self.store.setting("refunds_next", [])
        if not planned:
            return "succeeded"
        self.store.set("refunds_next", planned[1:])
        return planned[0]

    def _add_refunded(self, charge: Json, amount: int) -> None:
        total = charge["amount_refunded"] + amount
        self._save(charge, amount_refunded=total, refunded=total == charge["amount"])

    def _take_back(self, refund: Json) -> None:
        if refund["status"] == "failed":
            self._save(refund, failure_reason="declined")
            self.tell("refund.failed", refund)
        self._add_refunded(self.store.get("charge", refund["charge"]), -refund["amount"])

    # -- disputes

    def dispute(self, session_id: str, amount_rupiah: int | None = None) -> Json:
        """The payer's bank asks for the money of a session back, whole unless said."""
        with self.store.write():
            session = self.store.get("checkout.session", session_id)
            if session["payment_status"] != "paid":
                raise ApiError(400, "This session is not paid.")
            intent = self.store.get("payment_intent", session["payment_intent"])
            charge = self.store.get("charge", intent["latest_charge"])
            amount = charge["amount"] if amount_rupiah is None else amount_rupiah * SEN
            dispute = self.store.put(shapes.dispute(charge, amount=amount, created=self.store.now()))
            self._save(charge, disputed=True)
            self.tell("charge.dispute.created", dispute)
            return dispute

    def close_dispute(self, dispute_id: str, status: str) -> Json:
        """The bank decides: `won` by the merchant, or `lost`."""
        with self.store.write():
            dispute = self.store.get("dispute", dispute_id)
            if dispute["status"] in {"won", "lost"}:
                raise ApiError(400, f"This dispute is {dispute['status']}.")
            self._save(dispute, status=status)
            if status == "won":
                self._save(self.store.get("charge", dispute["charge"]), disputed=False)
            self.tell("charge.dispute.closed", dispute)
            return dispute

    # -- bookkeeping

    def books(self) -> Json:
        """Sums in whole rupiah, in all and by order: what the merchant's books must agree with."""
        totals: Json = {"charged_rupiah": 0, "refunded_rupiah": 0, "orders": {}}
        for charge in self.store.all("charge", lambda c: c["paid"]):
            order = charge["metadata"].get("order", "")
            row = totals["orders"].setdefault(order, {"charges": 0, "charged_rupiah": 0, "refunded_rupiah": 0})
            row["charges"] += 1
            for sums in (totals, row):
                sums["charged_rupiah"] += charge["amount"] // SEN
                sums["refunded_rupiah"] += charge["amount_refunded"] // SEN
        return totals

    def _save(self, thing: Json, **changes: Any) -> None:
        thing.update(changes)
        self.store.put(thing)

    def tell(self, kind: str, thing: Json) -> None:
        """Write the event and queue its delivery, as the settings of the moment want it."""
        event = self.store.put(shapes.event(kind, thing, created=self.store.now(), request=self.request))
        wishes: Json = self.store.setting("webhooks", {})
        if not wishes.get("url"):
            return
        due = time.time() + wishes.get("delay_s", 0)
        state = "held" if wishes.get("hold") else "pending"
        if wishes.get("drop_next", 0) > 0:
            self.store.set("webhooks", wishes | {"drop_next": wishes["drop_next"] - 1})
            state = "dropped"
        for _ in range(1 + wishes.get("duplicates", 0)):
            self.store.deliver(event["id"], due=due, state=state)
