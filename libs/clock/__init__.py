"""The current time, as a dependency that tests replace."""
