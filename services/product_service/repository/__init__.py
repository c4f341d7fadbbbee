"""The catalogue's SQL, one module for each noun. Statements are constants, so each is compiled once."""
