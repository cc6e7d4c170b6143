"""The main window: its layout, actions, settings and help."""
