"""Measurements: how well the program counts and how fast it is. Never inside the timed test suite."""
