"""The program's verbs, without Qt: a count at one or more doors, its log, corrections, undo and listeners.

The window, the command line and every other front end are clients of this package.
"""
