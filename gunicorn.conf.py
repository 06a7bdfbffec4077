"""What gunicorn reads by itself in this folder: the application is loaded once and its memory shared by all web processes."""

import ctypes
import gc

preload_app = True
gc.disable()  # what is loaded stays: looking for garbage meanwhile costs a tenth of the start

M_ARENA_MAX = -8  # of malloc.h
if hasattr(ctypes.CDLL(None), "mallopt"):  # glibc: a heap of its own for each thread grows by tens of MiB that never come back
    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def when_ready(_server: object) -> None:
    """Whatever is loaded now stays; the collector need not touch it, so its pages stay shared after the fork."""
    from babel import localedata
    from sqlalchemy.orm import configure_mappers

    configure_mappers()  # else every process does it for itself, and keeps its own
    for language in ("id", "en"):
        localedata.load(language)
    gc.freeze()
    gc.enable()
