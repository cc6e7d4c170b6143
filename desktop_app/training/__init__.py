"""Training and measuring the networks. Never imported by the program, not packaged with it."""
