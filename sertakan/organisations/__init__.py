"""Organisations: a company or government body registers, staff check it, and its members come, change roles and leave.

Words: registration (pendaftaran), member (anggota), contact person (narahubung), invitation (undangan). The rows of an organisation and
its memberships live in `accounts`, since every room asks who belongs to whom; how they come about is decided here.
"""
