"""The catalogue's SQL, one module for each noun. Statements are constants; a test prepares each on both databases."""

SCHEMA_REVISION = "0003"
"""The revision of the tables that these statements need."""
