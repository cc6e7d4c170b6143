"""Counting the file of a kept count again with other settings."""
