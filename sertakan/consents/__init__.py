"""The worker's own word: agreeing to be registered, refusing or leaving a sponsor, and telling staff what she would not tell him.

Its words: an invitation is a link that the sponsor passes on; whoever holds it reads no NIK and no full name. A report is a message
from the holder of the link to staff; the sponsor never learns of it. Called by review, which shows reports beside a request.
"""
