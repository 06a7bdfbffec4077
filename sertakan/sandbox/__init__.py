"""Sandbox: a pretend Stripe on its own port, for development and tests. No money, no network beyond loopback, no live key.

It imports nothing of the app, and the app knows it only as an address. Run it with `python -m sertakan.sandbox --port 12111`.

`store` keeps everything in one SQLite file, `bank` is what happens to money, `api` speaks Stripe's HTTP, `pay` is the payment
page, `webhooks` signs and sends events, `faults` breaks things on request, `control` is the remote control for tests and demo.
"""
