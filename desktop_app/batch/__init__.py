"""Many files at once: a child process a core, and a table of jobs that goes on where it was cut off."""
