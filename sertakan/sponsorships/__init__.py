"""Sponsorships: the promise that one sponsor pays named months for one worker; its draft, review state, term, renewal and end."""
