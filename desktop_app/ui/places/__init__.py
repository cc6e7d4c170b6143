"""Lines and zones: drawing, naming and their figures."""
