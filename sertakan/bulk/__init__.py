"""Organisations' files: a spreadsheet becomes rows, every row is checked at once, and a second person confirms what was checked.

Words: upload (unggahan), row (baris), problem (masalah), maker (pengisi), checker (penyetuju). Nothing here touches the ledger before
the confirmation; what is confirmed goes on through the same verbs of `sponsorships` as a resident's promise.
"""
