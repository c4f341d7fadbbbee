"""What each part of an image weighs, compressed, with and without .pyc."""
