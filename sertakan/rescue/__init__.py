"""Rescue: months that somebody else pays, through a link that names nobody: arrears (rescue), or what comes next (relay, estafet).

A relay holds no months back: they are reserved when the next sponsor goes to pay, so nothing is promised that nobody pays.
"""
