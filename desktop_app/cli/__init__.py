"""The command `headcount`: one module a command."""
