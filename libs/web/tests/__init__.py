"""Tests of //libs/web."""
