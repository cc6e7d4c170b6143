"""Headcount: counts the people who pass a camera by apparent gender and age."""

__version__ = "0.1.0"
