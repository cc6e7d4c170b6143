"""What every page and every call of the API works with, made once a server."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi.templating import Jinja2Templates

from desktop_app import __version__
from desktop_app.domain.events import Entry
from desktop_app.resources import OWN_MODEL
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings, data_dir
from desktop_app.store.store import Store
from desktop_app.vision.attributes.model_store import ModelEntry, list_models
from desktop_app.web.access import Access, RateLimit
from desktop_app.web.counts import KeptCounts
from desktop_app.web.feed import Feed
from desktop_app.web.held_bytes import HeldBytes
from desktop_app.web.idempotency import IdempotencyKeys
from desktop_app.web.job import JobItem
from desktop_app.web.jobs import Jobs
from desktop_app.web.live import CountSource, ManagerCount, StoredCount
from desktop_app.web.metrics import Metrics
from desktop_app.web.predicting import Predictor
from desktop_app.web.security import identity_of
from desktop_app.web.settings import WebSettings
from desktop_app.web.turns import Turns
from desktop_app.web.upload_folder import UploadFolder

FOLDER = Path(__file__).parent
_MODELS_FOR_S = 5.0


@dataclass(slots=True)
class WebContext:
    """The parts of one server. Pages find it as `request.app.state.context`.

    `live` has the figures of now, `jobs` what was sent to be counted, `counts` the kept counts and their reports,
    `predictor` single pictures at once, `access` who may do what.
    """

    settings: WebSettings
    access: Access
    live: Feed
    jobs: Jobs
    counts: KeptCounts
    predictor: Predictor
    held: HeldBytes
    metrics: Metrics
    templates: Jinja2Templates
    uploads: RateLimit
    predictions: RateLimit
    logins: RateLimit
    keys: IdempotencyKeys
    turns: Turns
    _models: tuple[float, tuple[ModelEntry, ...]] = (-math.inf, ())

    @property
    def models(self) -> tuple[ModelEntry, ...]:
        """The models that can be chosen, with their cards, the shipped one first; read anew every few seconds."""
        read_at, found = self._models
        if time.monotonic() - read_at > _MODELS_FOR_S:
            found = tuple(entry for entry in list_models(data_dir() / "models") if entry.card is not None)
            self._models = (time.monotonic(), found)
        return found

    @property
    def default_model(self) -> str:
        return Settings().count.model or OWN_MODEL

    def close(self) -> None:
        """End children and remove temporary files. The store and the manager belong to whoever gave them."""
        self.predictor.close()
        self.jobs.close()


def _tell(metrics: Metrics, feeds: Sequence[Feed], entries: Sequence[Entry]) -> None:
    metrics.take(entries)
    for feed in feeds:
        feed.tell_entries(entries)


def make_context(
    settings: WebSettings,
    access: Access,
    *,
    store: Store | None = None,
    manager: SessionManager | None = None,
    counted_elsewhere: bool = False,
    following: ManagerCount | None = None,
) -> WebContext:
    """Return the parts of a server over a count that goes on (`manager`), over kept counts (`store`), or both.

    `following` is given where the manager was made with it as one of its observers, which lets it know who is in view.
    `counted_elsewhere` says that another process writes the store.
    """
    metrics = Metrics()
    source: CountSource
    feeds: list[Feed] = []
    if manager is not None:
        source = following or ManagerCount()
        source.follow(manager)
        source.on_entries = partial(_tell, metrics, feeds)
    elif store is not None:
        source = StoredCount(store, counted_elsewhere=counted_elsewhere)
    else:
        source = ManagerCount()
    feed = Feed(source, metrics.show)
    feeds.append(feed)
    jobs = Jobs(settings, UploadFolder(settings.upload_folder))

    def ended(item: JobItem) -> None:
        metrics.items.labels(item.state.value).inc()

    jobs.on_ended = ended
    templates = Jinja2Templates(
        FOLDER / "templates", context_processors=[lambda request: {"identity": identity_of(request)}]
    )
    counts = KeptCounts(store, manager)
    templates.env.globals["has_store"] = counts.has_store
    templates.env.globals["version"] = __version__
    return WebContext(
        settings=settings,
        access=access,
        live=feed,
        jobs=jobs,
        counts=counts,
        predictor=Predictor(settings, metrics),
        held=HeldBytes(max(settings.most_held_bytes, settings.most_upload_bytes)),
        metrics=metrics,
        templates=templates,
        uploads=RateLimit(settings.uploads_a_minute, 60.0),
        predictions=RateLimit(settings.predictions_a_minute, 60.0),
        logins=RateLimit(10, 60.0),
        keys=IdempotencyKeys(),
        turns=Turns(),
    )
