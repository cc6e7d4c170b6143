"""Which model counts, and two models side by side."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop_app.errors import HeadcountError, ModelError
from desktop_app.resources import model_path
from desktop_app.settings import Settings, data_dir
from desktop_app.ui.picture.video_view import VideoView
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.sessions.current_settings import CurrentSettings
from desktop_app.ui.widgets.background_task import BackgroundTask
from desktop_app.ui.widgets.banner import Action, Banner
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import ThemeManager

if TYPE_CHECKING:
    from desktop_app.ui.models.compare_view import CompareView
    from desktop_app.ui.models.model_chooser import ModelChooser

_LOG = logging.getLogger(__name__)

OURS = Settings().count.model


def own_models() -> Path:
    """Return the folder of the user's own models, which need not exist."""
    return data_dir() / "models"


class ModelCommands(QObject):
    """The chooser of models, the change to another one, and the comparison of two.

    `start_again()` counts again from the chosen source.
    """

    def __init__(
        self,
        window: QWidget,
        controller: Controller,
        settings: CurrentSettings,
        view: VideoView,
        banner: Banner,
        themes: ThemeManager,
        start_again: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._settings = settings
        self._view = view
        self._banner = banner
        self._themes = themes
        self._start_again = start_again
        self._tasks: list[BackgroundTask] = []
        self._chooser: ModelChooser | None = None
        self._compare: CompareView | None = None

    # --- choosing ------------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Show the models and their cards."""
        from desktop_app.ui.models.model_chooser import ModelChooser

        if self._chooser is None:
            in_use = self._settings.value.count.model
            dialog = ModelChooser(own_models(), in_use, self._themes.theme, self.keep, self._window)
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
        settings = self._settings.value
        if key == settings.count.model:
            return
        self._settings.change(replace(settings, count=replace(settings.count, model=key)))
        if self._chooser is not None:
            self._chooser.set_in_use(key)
        if self._controller.active:
            self._banner.show_message(
                "info",
                tr("The new model counts from the next start."),
                "",
                ((tr("Start again now"), self._start_again),),
            )
        else:
            self._controller.warm_up()

    def use_after_trying(self, key: str) -> None:
        """Try a model and then count with it; where it cannot be used, say why and leave the present one in use."""
        in_use = self._settings.value.count.model
        if key == in_use:
            return
        from desktop_app.ui.models.model_chooser import try_model

        def failed(error: HeadcountError) -> None:
            self._banner.show_message(
                "error", error.message, f"{error.remedy} {tr('The model {name} stays in use.', name=in_use)}".strip(),
                ((tr("Choose another model"), self.choose),),
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
        actions: list[Action] = [("Choose a model", self.choose), ("Try again", self._controller.retry)]
        if self._settings.value.count.model != OURS:
            actions.insert(0, ("Use Headcount's own", self._back_to_ours))
        self._banner.show_message("error", error.message, error.remedy, actions)

    def _back_to_ours(self) -> None:
        settings = self._settings.value
        self._settings.change(replace(settings, count=replace(settings.count, model=OURS)))
        self._banner.clear()
        if self._controller.source_text:
            self._start_again()

    # --- comparing -----------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Show the picture twice, with the labels of two models."""
        from desktop_app.ui.models.compare_view import CompareView

        if self._compare is None:
            view = CompareView(self._controller, self._view, self._themes.theme, own_models(), self.keep, self._window)
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
        """Hold on to a piece of work until it has ended: a QThread collected while running aborts the process."""
        # Those that have ended go at the next one: a signal that holds its own task would keep it for ever.
        self._tasks = [t for t in self._tasks if not (t.isFinished() and t.wait(0))]
        self._tasks.append(task)

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
