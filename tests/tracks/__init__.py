"""Tests of dependency tracks."""
