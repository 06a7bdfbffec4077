"""Payments: what we asked for (order), what came (payment), what it filled (allocation), what fits nothing (suspense), what
went back (refund).

Its words: an order is paid on Stripe's page; an event from Stripe is only a knock, the session read back is the fact. `stripe` is the
only module of the application that speaks HTTP, and the only place that knows how Stripe writes rupiah. Called by front and review
through `service` and `queries`, and by the jobs.
"""
