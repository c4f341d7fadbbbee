"""The sealed root: Bazel and what it needs where only a Debian mirror can be reached."""
