"""Renewing by itself: a sponsor's yes to a saved card (`autopay`), and each charge that was announced (`auto_charge`).

Her yes names how many months each charge pays. A charge is announced before, never made at another price than announced, and tried at
most twice; when it fails, the ordinary request with its link goes out. Upper rooms read; `payments` books the money.
"""
