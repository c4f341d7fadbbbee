"""Tests of the commands for events."""
