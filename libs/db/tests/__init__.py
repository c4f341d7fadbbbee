"""Tests of libs/db."""
