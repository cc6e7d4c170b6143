"""Running counts for the window and keeping what they find."""
