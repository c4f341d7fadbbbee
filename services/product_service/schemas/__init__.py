"""What the catalogue takes and gives over HTTP, one module for each noun."""
