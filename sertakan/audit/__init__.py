"""Audit: who did what to which thing, when and why. Append-only, chained by hash; any room may record, nobody may change."""
