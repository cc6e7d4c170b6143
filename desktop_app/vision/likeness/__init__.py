"""Telling people apart by their face and clothes, in memory only."""
