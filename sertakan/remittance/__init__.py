"""Remittance: approved and paid months gathered into batches, paid on to BPJS by two people, and the answers that come back.

Words: batch (setoran), line (a month in a batch), answer (posted or bounced, from a file or by hand), repair (a bounced month whose
data an officer mends and another person confirms). Above payments; called by pages, jobs and reports only.
"""
