"""What gunicorn reads by itself in this folder: the application is loaded once and its memory shared by all web processes."""

import gc

preload_app = True
gc.disable()  # what is loaded stays: looking for garbage meanwhile costs a tenth of the start


def when_ready(_server: object) -> None:
    """Whatever is loaded now stays; the collector need not touch it, so its pages stay shared after the fork."""
    gc.freeze()
    gc.enable()
