"""Counting at several doors at once: their cards during a count, and the list that is kept of them."""
