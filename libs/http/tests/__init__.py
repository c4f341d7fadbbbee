"""Tests of libs.http."""
