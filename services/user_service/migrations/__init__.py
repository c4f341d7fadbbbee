"""The steps that bring a database to the revision this code needs, oldest first."""
