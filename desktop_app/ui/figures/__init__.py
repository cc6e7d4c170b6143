"""Totals, curve and age bands beside the picture."""
