"""Tests of the generator of clients."""
