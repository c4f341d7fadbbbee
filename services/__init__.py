"""Services: each is built, tested and deployed on its own, and imports no other."""
