"""The till of the payments' tests, and an organisation that has paid ahead."""

from tests.payments.conftest import _one_sandbox, sandbox, till

__all__ = ["_one_sandbox", "sandbox", "till"]
