"""Tests under another date."""
