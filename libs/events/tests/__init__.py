"""Tests of libs/events."""
