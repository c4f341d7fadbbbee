"""Programs that build, check and start the repository."""
