"""Cards that a payer saves, and charges without her: customers, setup pages, off-session intents, detaching.

Each verb is one transaction of the store and writes the events that Stripe would send.
"""

from sertakan.sandbox import shapes
from sertakan.sandbox.bank import Bank
from sertakan.sandbox.errors import ApiError, Json
from sertakan.sandbox.store import Store

# which test card does what, later, when nobody is there to help: (brand, last four, what goes wrong)
CARDS: dict[str, tuple[str, str, str]] = {
    "good": ("visa", "4242", ""),
    "declined_later": ("visa", "0341", "card_declined"),
    "asks_later": ("visa", "3184", "authentication_required"),
}


class Saved:
    """The verbs of saved cards, over the same store as the bank's."""

    def __init__(self, bank: Bank) -> None:
        self.bank, self.store = bank, bank.store

    def customer(self, wanted: Json) -> Json:
        with self.store.write():
            made = self.store.put(shapes.customer(wanted, created=self.store.now()))
            self.bank.tell("customer.created", made)
            return made

    def open_setup(self, wanted: Json, url_base: str) -> Json:
        """A page on which a card is saved and no money moves. Raises for what only a paid page may carry."""
        if "currency" not in wanted:
            raise ApiError(400, "Missing required param: currency.", code="parameter_missing", param="currency")
        for name in ("line_items", "payment_intent_data"):
            if name in wanted:
                raise ApiError(400, f"You can not pass `{name}` in `setup` mode.", param=name)
        if "customer" in wanted:
            self.store.get("customer", wanted["customer"])
        now = self.store.now()
        expires = self.bank.check_expiry(wanted, now)
        session = shapes.session(wanted, url_base=url_base, created=now)
        with self.store.write():
            self.store.set(f"private_{session['id']}", {"metadata": wanted.get("setup_intent_data", {}).get("metadata", {})})
            self.store.remember_expiry(session["id"], expires)
            return self.store.put(session)

    def save(self, session_id: str, card: str = "good") -> Json:
        """The payer types her card and says that it may be charged later."""
        with self.store.write():
            session = self.bank.open_one(session_id)
            if session["mode"] != "setup":
                raise ApiError(400, "This session does not save a card.")
            brand, last4, _wrong = CARDS[card]
            now = self.store.now()
            customer = session["customer"] or self.customer({})["id"]
            method = self.store.put(shapes.payment_method(customer, brand=brand, last4=last4, created=now))
            self.bank.tell("payment_method.attached", method)
            metadata = self.store.setting(f"private_{session_id}", {}).get("metadata", {})
            intent = self.store.put(shapes.setup_intent(customer, method["id"], metadata=metadata, created=now))
            self.bank.tell("setup_intent.succeeded", intent)
            session.update(status="complete", customer=customer, setup_intent=intent["id"], url=None)
            self.store.put(session)
            self.bank.tell("checkout.session.completed", session)
            return session

    def charge(self, wanted: Json) -> Json | ApiError:
        """An intent that is created and confirmed while nobody is there; or what the payer's bank says against it."""
        if wanted["off_session"] != "true" or wanted["confirm"] != "true":
            raise ApiError(400, "Here intents are made confirmed and off session only.", param="off_session")
        self.bank.check_amount(wanted["amount"])
        with self.store.write():
            self.store.get("customer", wanted["customer"])
            method = self.store.get("payment_method", wanted["payment_method"])
            if method["customer"] != wanted["customer"]:
                said = "The provided PaymentMethod was previously detached from a Customer, or belongs to another one."
                raise ApiError(400, said, code="payment_method_unexpected_state", param="payment_method", stored=True)
            of = {"amount_total": wanted["amount"], "currency": wanted["currency"]}
            metadata, description = wanted.get("metadata", {}), wanted.get("description", "")
            intent = shapes.payment_intent(of, metadata=metadata, description=description, created=self.store.now())
            intent |= {"customer": wanted["customer"], "payment_method": method["id"]}
            self.store.put(intent)
            self.bank.tell("payment_intent.created", intent)
            wrong = self._wrong_with(method)
            if not wrong:
                self.bank.succeed(intent, "card")
                return intent
            self.bank.fail(intent, "card", wrong)
        said = "Your card was declined."
        if wrong == "authentication_required":
            said += " This transaction requires authentication."
        reason = "generic_decline" if wrong == "card_declined" else wrong
        return ApiError(402, said, code=wrong, kind="card_error", decline_code=reason, payment_intent=intent)

    def _wrong_with(self, method: Json) -> str:
        """What goes wrong with this card now; `saved_next` says it for the next charges, whatever the card."""
        planned: list[str] = self.store.setting("saved_next", [])
        if planned:
            self.store.set("saved_next", planned[1:])
            return planned[0] if planned[0] != "succeeded" else ""
        return next((wrong for _brand, last4, wrong in CARDS.values() if last4 == method["card"]["last4"]), "")

    def detach(self, method_id: str) -> Json:
        with self.store.write():
            method = self.store.get("payment_method", method_id)
            if method["customer"] is None:
                said = "The payment method you provided is not attached to a customer so detachment is impossible."
                raise ApiError(400, said, code="payment_method_unexpected_state", stored=True)
            method["customer"] = None
            self.store.put(method)
            self.bank.tell("payment_method.detached", method)
            return method


def plan_charges(store: Store, wanted: Json) -> None:
    """`{"outcome": "card_declined", "times": 1}`: how the next charges of saved cards end."""
    store.set("saved_next", store.setting("saved_next", []) + [str(wanted["outcome"])] * int(wanted.get("times", 1)))
