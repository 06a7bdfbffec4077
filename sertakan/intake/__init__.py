"""The officers' decision on a whole upload of an organisation: once for all whose checks are good, one by one for the rest.

Its words: a batch is the promises of one upload. A decision on it is a row; the job approves promise by promise, each with its own
decision and trail, and leaves to the ordinary queue whoever must be looked at.
"""
