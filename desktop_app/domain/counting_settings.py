"""When a face counts as a person, and for how long somebody gone is expected back."""

from __future__ import annotations

from dataclasses import dataclass, field

from desktop_app.domain.voting import VoteSettings


@dataclass(frozen=True, slots=True)
class CountingSettings:
    """When a face counts as a person, and for how long somebody gone is expected back. Times in seconds.

    A face is confirmed by `min_hits` detections over at least `min_span_s` with a mean score of `sure_score`, if
    the network takes its glimpses for a face with `min_face`; with a mean score of only `min_score` it takes twice as
    much. A face that never gave a glimpse worth classifying needs
    `blind_hits` over `blind_span_s` with a mean score of `blind_score`, and stays Undecided.
    Nobody counts whose face was never `min_size` pixels large, the side of the square of its area.
    A face that has not moved at all is held back; if it was in view for less than `still_s`, too short for people to
    move, it is counted when it has gone.
    `linger_reach` and `same_place` are in face sizes; the latter is asked where there are no looks to compare. The
    `alike` thresholds are likenesses, 0..1. Somebody who vanished in the middle of the picture is hidden, and expected
    back for `hidden_s` wherever somebody looks like them by `hidden_alike`. For `doubt_s` after somebody was counted,
    further glimpses may still show that they had been counted before; both are then one person.
    """

    min_hits: int = 3
    min_span_s: float = 0.25
    min_score: float = 0.6
    sure_score: float = 0.75
    min_face: float = 0.5
    min_size: float = 11.0
    blind_hits: int = 5
    blind_span_s: float = 0.6
    blind_score: float = 0.7
    still_s: float = 2.0
    linger_s: float = 4.0
    linger_reach: float = 2.5
    same_place: float = 0.4
    linger_alike: float = 0.55
    hidden_s: float = 15.0
    hidden_alike: float = 0.65
    cut_memory_s: float = 2.0
    cut_alike: float = 0.85
    returns_s: float = 0.0
    returns_alike: float = 0.8
    doubt_s: float = 2.0
    vote: VoteSettings = field(default_factory=VoteSettings)

    def __post_init__(self) -> None:
        if self.min_hits < 1 or self.blind_hits < 1:
            raise ValueError("min_hits and blind_hits must be at least 1")
        if min(self.min_span_s, self.blind_span_s, self.linger_s, self.cut_memory_s, self.returns_s) < 0:
            raise ValueError("no time in the counting settings may be negative")
