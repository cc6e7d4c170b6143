"""Small widgets, icons and themes shared by the whole window."""
