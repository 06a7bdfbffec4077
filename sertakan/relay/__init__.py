"""Relay (estafet): a seat is an offer of the months after the last promised one; whoever takes it runs the next leg.

A seat holds no months back: they are reserved when the next sponsor goes to pay, so nothing is promised that nobody pays. When
months before a taken seat fall free, its runner is asked to begin earlier, so that none is silently empty.
"""
