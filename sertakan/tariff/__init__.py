"""Tariff: what a month costs. Dated rows with their legal source, never constants; a quote prices every month by itself."""
