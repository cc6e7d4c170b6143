"""Thin wrappers around the operating system: locks, threads, screens, native libraries' output."""
