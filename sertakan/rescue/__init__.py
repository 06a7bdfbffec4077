"""Rescue: months in arrears that somebody else pays, through a link that names nobody; and which sponsorship helped which."""
