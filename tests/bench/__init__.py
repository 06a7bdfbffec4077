"""Benchmarks, run by hand with `python3 dev.py bench`: the machine's limit and our pages side by side in one interleaved run.

The figure to trust is the server's CPU time per request and its ratio inside one run; requests a second drift on a busy machine.
Everything listens on loopback, every loop is bounded in count and time.
"""
