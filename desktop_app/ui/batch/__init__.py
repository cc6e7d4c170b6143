"""Counting many files from the window."""
