"""The clips, pictures and servers of the tests of the sources, for the tests of what goes wrong."""

from tests.sources.conftest import clips, jpegs, readers_end, rtsp, web

__all__ = ["clips", "jpegs", "readers_end", "rtsp", "web"]
