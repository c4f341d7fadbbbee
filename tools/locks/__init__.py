"""Checks whether every locked file can still be downloaded."""
