"""Gaps: whose cover ends, who owes months, and what officers did about it: the list, the numbers shown, the calls noted."""
