"""The live picture, what is drawn over it, and what is saved of it."""
