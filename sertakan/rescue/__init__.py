"""Rescue: months that somebody else pays for a worker whose sponsor stopped, through a link that names nobody."""
