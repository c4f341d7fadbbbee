"""Tests of the audit, and a run of it."""
