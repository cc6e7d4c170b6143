"""Fuzz targets for every parser of ours, and what runs them (`make fuzz`)."""
