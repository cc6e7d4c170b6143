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
    HIDE_BELOW,
    MAX_DOORS,
    MAX_RECENT_SOURCES,
    CountSettings,
    DetectorSettings,
    DoorSettings,
    KeepSettings,
    KioskSettings,
    PlaceSettings,
    RecordingSettings,
    ReportSettings,
    Settings,
    SourceSettings,
    UiSettings,
    check_doors,
)
from desktop_app.system.safe_write import write_atomically

__all__ = [
    "HIDE_BELOW",
    "MAX_DOORS",
    "MAX_RECENT_SOURCES",
    "CountSettings",
    "DetectorSettings",
    "DoorSettings",
    "KeepSettings",
    "KioskSettings",
    "LoadedSettings",
    "PlaceSettings",
    "RecordingSettings",
    "ReportSettings",
    "SecretStore",
    "Settings",
    "SourceSettings",
    "UiSettings",
    "check_doors",
    "data_dir",
    "default_path",
    "load_settings",
    "save_settings",
    "to_json",
    "without_password",
    "write_atomically",
]
