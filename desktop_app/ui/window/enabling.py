"""Which commands can be chosen in which state of the count."""

from __future__ import annotations

from desktop_app.engine.state import EngineState
from desktop_app.ui.sessions.controller import Controller
from desktop_app.ui.window.actions import MOST_DOOR_KEYS, Actions


def enable_for(actions: Actions, controller: Controller, has_picture: bool, recording: bool) -> None:
    """Let those commands be chosen that make sense now."""
    active, state, info = controller.active, controller.state, controller.info
    actions["start"].setEnabled(not active)
    actions["stop"].setEnabled(active)
    actions["pause"].setEnabled(active and state is not EngineState.RECONNECTING)
    if state is not EngineState.OPENING:  # a pause asked for while it opens stays asked for
        actions["pause"].setChecked(state is EngineState.PAUSED)
    actions["step"].setEnabled(state is EngineState.PAUSED)
    picture = active and info is not None
    for key in ("snapshot", "add_line", "add_zone"):
        actions[key].setEnabled(picture or has_picture)
    actions["record"].setEnabled(picture or recording)
    counted = controller.session is not None and controller.session.log.begun
    for key in ("missed", "missed_female", "missed_male", "missed_note", "wrong"):
        actions[key].setEnabled(counted or picture)
    doors = len(controller.doors)
    actions["next_door"].setEnabled(doors > 1)
    for number in range(1, MOST_DOOR_KEYS + 1):
        actions[f"door_{number}"].setEnabled(doors > 1 and number <= doors)
    actions["loop"].setEnabled(not (active and doors > 1))
