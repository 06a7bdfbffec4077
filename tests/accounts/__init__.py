"""Accounts: contacts, sign-in, sessions, staff."""
