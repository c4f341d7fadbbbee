"""The rules of the catalogue, one module for each noun. No HTTP, no SQL."""
