"""The JSON interface of an organisation: tokens, and the same verbs as its pages. A token may make, never confirm."""
