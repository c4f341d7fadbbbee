"""A check that images have the same digests under all build conditions."""
