"""The rules of the user service, one module for each noun. No HTTP, no SQL."""
