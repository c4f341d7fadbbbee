"""Tests of //tools/bench."""
