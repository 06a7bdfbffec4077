"""An organisation's own employees, whose NIK its uploads pass over: they are registered through SIPP, not here.

Words: own employee (karyawan sendiri), list (daftar). `bulk` asks `queries.among`; nobody else reads it.
"""
