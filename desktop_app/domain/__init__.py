"""What counting people means. Pure Python and numpy: no Qt, no files, no OpenCV."""
