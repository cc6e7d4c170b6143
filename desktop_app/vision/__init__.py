"""From pixels to observations: face detection, gender and age networks, and the pipeline that joins them."""
