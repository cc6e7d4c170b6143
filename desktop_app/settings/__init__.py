"""What the user chose, validated and kept between starts.

`values` holds the choices, `settings_file` reads and writes them, `passwords` keeps secrets out of them.
"""

from desktop_app.settings.passwords import SecretStore, without_password
from desktop_app.settings.settings_file import (
    LoadedSettings,
    data_dir,
    default_path,
    load_settings,
    save_settings,
    to_json,
)
from desktop_app.settings.values import (
    MAX_RECENT_SOURCES,
    CountSettings,
    DetectorSettings,
    PlaceSettings,
    RecordingSettings,
    Settings,
    SourceSettings,
    UiSettings,
)
from desktop_app.system.safe_write import write_atomically

__all__ = [
    "MAX_RECENT_SOURCES",
    "CountSettings",
    "DetectorSettings",
    "LoadedSettings",
    "PlaceSettings",
    "RecordingSettings",
    "SecretStore",
    "Settings",
    "SourceSettings",
    "UiSettings",
    "data_dir",
    "default_path",
    "load_settings",
    "save_settings",
    "to_json",
    "without_password",
    "write_atomically",
]
