"""Tests of the macros."""
