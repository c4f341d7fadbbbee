"""Which part of the house may import which."""
