"""What every HTTP service of the house shares: the application, its server and its settings."""
