"""The live count on phones in the same network."""
