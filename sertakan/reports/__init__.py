"""Reports: the trail of a sponsorship, the books and their self-checks. Reads every room; writes only what its own checks found."""
