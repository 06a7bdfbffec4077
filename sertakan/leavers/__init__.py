"""Who leaves an organisation's list: a file of leavers, checked at once, confirmed by a second member, then worked off row by row."""
