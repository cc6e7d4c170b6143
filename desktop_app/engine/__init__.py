"""The threads of a count, without Qt."""
