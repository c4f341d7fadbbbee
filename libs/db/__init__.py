"""SQLite and PostgreSQL behind one door: statements are SQLAlchemy Core, the driver runs them."""
