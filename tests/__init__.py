"""Tests of several services together. Tests of a single service or library are in its own folder."""
