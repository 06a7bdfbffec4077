"""Decrees of a government body (SK): who is paid from the public budget (APBD), for which months, up to which ceiling.

A decree is written by one member and put in force by another. Uploads are made under it (`bulk`); its need is counted in the ledger.
"""
