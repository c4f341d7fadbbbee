"""What the user service takes and gives over HTTP, one module for each noun."""
