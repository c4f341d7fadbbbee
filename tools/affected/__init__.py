"""Lists the targets that a change affects, and explains why."""
