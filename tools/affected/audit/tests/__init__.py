"""Tests of the audit, and the audit itself."""
