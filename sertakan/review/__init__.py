"""Review: officers look at a sponsorship with its checks done and decide. Decisions are insert-only and never one's own."""
