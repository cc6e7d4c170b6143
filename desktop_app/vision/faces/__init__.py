"""Face detectors, and when and where they look."""
