"""A no in the shape that Stripe gives it."""

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """An error answer. `stored` ones came out of the endpoint itself, so their idempotency key replays them."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status, self.stored = status, bool(more.pop("stored", False))
        self.kind = str(more.pop("kind", "invalid_request_error"))
        self.headers: dict[str, str] = more.pop("headers", {})
        self.body: Json = {"error": {"type": self.kind, "message": message} | more}
        if code:
            self.body["error"] |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.body["error"]["param"] = param


def missing(kind: str, thing_id: str) -> ApiError:
    return ApiError(404, f"No such {kind}: '{thing_id}'", code="resource_missing", param="id")
