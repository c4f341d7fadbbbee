"""The base layer: Debian packages merged into what a Python service needs."""
