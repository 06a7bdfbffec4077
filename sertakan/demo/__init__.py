"""Demo: invented people and months, a clock that anyone may move, and a page where the demo's messages can be read."""
