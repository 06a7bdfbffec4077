"""Notices: the outbox, its texts and its sending."""
