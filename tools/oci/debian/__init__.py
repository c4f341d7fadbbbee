"""Debian archives as a source of locked packages: read an index, resolve dependencies, write a lock."""
