"""What the sources that stand around another source share."""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.sources.base import FrameSource, SourceInfo, leave_out_pictures, not_seen


class SourceAround:
    """A source that gives another one's frames, and keeps what is known of it while that one is being replaced."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._info = source.info

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def source(self) -> FrameSource:
        """The source inside, the one in use just now. Its attributes may be read; its methods belong to this one."""
        return self._source

    def leave_out_pictures(self, is_wanted: Callable[[float], bool]) -> None:
        """Pass it on to the source inside, see `PictureSkipper`."""
        leave_out_pictures(self._source, is_wanted)

    @property
    def omissions(self) -> tuple[str, ...]:
        """What the source inside did not see, one sentence each."""
        return not_seen(self._source)
