"""Tests of the service on a track."""
