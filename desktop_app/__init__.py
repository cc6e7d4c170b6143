"""Headcount: counts the people who pass a camera by apparent gender and age."""

import os

__version__ = "0.1.0"

# OpenCV reads this once, when it is imported, so it stands before every import of it. A picture of more than 134
# million pixels is no camera's: its header is small and the memory it asks for is not. See `sources.pixel_shape`.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**27))
