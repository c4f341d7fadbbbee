"""A real registry on this machine, for trying things out and for tests."""
