"""What is set up once: doors, saving, the screen for visitors, looks, and what experts change."""
