"""Accounts: people, organisations and memberships, how they sign in, and the whole policy on one page (permissions.py)."""
