"""Web: the Flask floor that every room stands on. Pages are closed until they say who may enter."""
