"""Choosing and opening a source."""
