"""Tests of the mail library."""
