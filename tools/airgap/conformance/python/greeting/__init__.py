"""Says good day."""
