"""Tests of libs.clock."""
