"""Which model counts, and two models side by side. Acts on the parts of the window."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from desktop_app.errors import HeadcountError, ModelError
from desktop_app.resources import model_path
from desktop_app.settings import Settings, data_dir
from desktop_app.ui.widgets.background_task import BackgroundTask

if TYPE_CHECKING:
    from desktop_app.ui.models.compare_view import CompareView
    from desktop_app.ui.models.model_chooser import ModelChooser
    from desktop_app.ui.window.main_window import MainWindow

_LOG = logging.getLogger(__name__)

OURS = Settings().count.model


def own_models() -> Path:
    """Return the folder of the user's own models, which need not exist."""
    return data_dir() / "models"


class ModelCommands:
    """The chooser of models, the change to another one, and the comparison of two."""

    def __init__(self, window: MainWindow) -> None:
        self._w = window
        self._tasks: list[BackgroundTask] = []
        self._chooser: ModelChooser | None = None
        self._compare: CompareView | None = None

    # --- choosing ------------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Show the models and their cards."""
        from desktop_app.ui.models.model_chooser import ModelChooser

        if self._chooser is None:
            dialog = ModelChooser(own_models(), self._w.settings.count.model, self._w.themes.theme, self.keep, self._w)
            dialog.chosen.connect(self.use)
            dialog.finished.connect(self._chooser_closed)
            self._chooser = dialog
            # Not modal: the count goes on and can be watched meanwhile.
            dialog.show()
        self._chooser.raise_()
        self._chooser.activateWindow()

    @property
    def chooser(self) -> ModelChooser | None:
        return self._chooser

    def _chooser_closed(self, _result: int) -> None:
        dialog, self._chooser = self._chooser, None
        if dialog is not None:
            dialog.deleteLater()

    def use(self, key: str) -> None:
        """Count with another model, which has been tried, from the next start on."""
        w = self._w
        if key == w.settings.count.model:
            return
        w.change_settings(replace(w.settings, count=replace(w.settings.count, model=key)))
        if self._chooser is not None:
            self._chooser.set_in_use(key)
        if w.controller.active:
            w.banner.show_message(
                "info", "The new model counts from the next start.", "", (("Start again now", w.sources.start),)
            )
        else:
            w.controller.warm_up()

    def use_after_trying(self, key: str) -> None:
        """Try a model and then count with it; where it cannot be used, say why and leave the present one in use."""
        w = self._w
        if key == w.settings.count.model:
            return
        from desktop_app.ui.models.model_chooser import try_model

        in_use = w.settings.count.model

        def failed(error: HeadcountError) -> None:
            w.banner.show_message(
                "error", error.message, f"{error.remedy} The model {in_use} stays in use.".strip(),
                (("Choose another model", self.choose),),
            )  # fmt: skip

        task = BackgroundTask("models", lambda: try_model(model_path(key, own_models())))
        task.done.connect(lambda _result: self.use(key))
        task.failed.connect(failed)
        self.keep(task)
        task.start()

    def count_failed(self, error: Exception) -> None:
        """Offer another model where a count's model is missing or broken; the presenter shows the error itself."""
        if not isinstance(error, ModelError):
            return
        w = self._w
        actions = [("Choose a model", self.choose), ("Try again", w.controller.retry)]
        if w.settings.count.model != OURS:
            actions.insert(0, ("Use Headcount's own", self._back_to_ours))
        w.banner.show_message("error", error.message, error.remedy, actions)

    def _back_to_ours(self) -> None:
        w = self._w
        w.change_settings(replace(w.settings, count=replace(w.settings.count, model=OURS)))
        w.banner.clear()
        if w.controller.source_text:
            w.sources.start()

    # --- comparing -----------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Show the picture twice, with the labels of two models."""
        from desktop_app.ui.models.compare_view import CompareView

        if self._compare is None:
            view = CompareView(self._w.controller, self._w.view, self._w.themes.theme, own_models(), self.keep, self._w)
            view.finished.connect(self._compare_closed)
            self._compare = view
            view.show()
        self._compare.raise_()
        self._compare.activateWindow()

    @property
    def compare_view(self) -> CompareView | None:
        return self._compare

    def _compare_closed(self, _result: int) -> None:
        view, self._compare = self._compare, None
        if view is not None:
            view.deleteLater()

    # --- ending --------------------------------------------------------------------------------------------------

    def keep(self, task: BackgroundTask) -> None:
        """Keep a reference to a thread until it has ended: a QThread collected while running aborts the process."""
        self._tasks.append(task)
        task.finished.connect(lambda: self._tasks.remove(task) if task in self._tasks else None)

    def shut_down(self, seconds: float = 2.0) -> bool:
        """Close the dialogs and wait for what is under way; return False where something does not end in time."""
        for dialog in (self._chooser, self._compare):
            if dialog is not None:
                dialog.close()
        deadline = time.monotonic() + seconds
        done = True
        for task in list(self._tasks):
            task.abandon()
            if not task.wait(max(0, round((deadline - time.monotonic()) * 1000))):
                _LOG.warning("%s did not end in time", task.objectName())
                done = False
        return done
