"""The bank's statement: each line of money that came to our account, which bill it pays, and who said so.

Its words: a statement is a file of lines, a line is matched by the number of a bill and booked at once; one that only looks like a
bill is suggested and waits for a person; the rest is unknown until somebody says whose it is or sets it aside.
"""
