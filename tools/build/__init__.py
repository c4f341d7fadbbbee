"""Starlark macros of the repository and the small programs they run."""
