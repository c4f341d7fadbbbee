"""Proves that the images are the same bytes wherever and however they are built."""
