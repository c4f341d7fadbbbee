"""SQLite and PostgreSQL behind one door: statements are SQL as text, the driver runs them."""
