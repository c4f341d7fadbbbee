"""Tests of both shipped services, as processes that are called over loopback."""
