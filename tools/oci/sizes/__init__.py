"""The compressed size of each part of an image, with and without .pyc."""
