"""The parts that every HTTP service shares: the application, its server and its settings."""
