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
    Nobody counts whose face was never `min_size` pixels large (the side of the square of its area), or of which the
    detector was never as sure as `best_score`: a face comes out of the blur at some time, the back of a head does not.
    A face that has not moved at all is held back; if it was in view for less than `still_s`, it is counted when it has
    gone: people may sit still for so long, and to miss somebody is worse than to count a picture.
    Somebody who vanished is expected back for `linger_s`, and for `hidden_s` if they had not reached the edge of the
    picture: then they are hidden or turned away. A new face is theirs if the evidence of looks and place for it
    (`domain.recognition`) is at least `same_at`, in natural logarithms of the odds, 0.0 being as likely as not; if the
    track of the known person goes on, but not surely with them, `taken_at`. The `alike` thresholds are likenesses,
    0..1: after a cut within `cut_memory_s` `cut_alike` is asked, or `room_alike` where the same room is still seen;
    `same_place`, in face sizes, is the most where there are no looks to compare. For `doubt_s` after somebody was
    counted, further glimpses may still show that they had been counted before; both are then one person.
    """

    min_hits: int = 3
    min_span_s: float = 0.25
    min_score: float = 0.6
    sure_score: float = 0.75
    best_score: float = 0.78
    min_face: float = 0.5
    min_size: float = 11.0
    blind_hits: int = 5
    blind_span_s: float = 0.6
    blind_score: float = 0.7
    still_s: float = 5.0
    linger_s: float = 5.0
    hidden_s: float = 15.0
    same_at: float = 0.0
    taken_at: float = 3.0
    same_place: float = 0.4
    cut_memory_s: float = 2.0
    cut_alike: float = 0.91
    room_alike: float = 0.8
    returns_s: float = 0.0
    returns_alike: float = 0.8
    doubt_s: float = 2.0
    vote: VoteSettings = field(default_factory=VoteSettings)

    def __post_init__(self) -> None:
        if self.min_hits < 1 or self.blind_hits < 1:
            raise ValueError("min_hits and blind_hits must be at least 1")
        if min(self.min_span_s, self.blind_span_s, self.linger_s, self.cut_memory_s, self.returns_s) < 0:
            raise ValueError("no time in the counting settings may be negative")
