"""Tests of what generated clients are made of."""
