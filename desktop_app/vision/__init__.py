"""From pixels to observations: sources, detection, classification and the pipeline that joins them. No Qt."""
