"""SQLite and PostgreSQL behind one interface: engines, sessions, migrations and settings."""
