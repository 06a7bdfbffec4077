"""Coverage: the ledger of worker-months. One live row per worker and month; a worker's standing on a day; gaps and expiry."""
