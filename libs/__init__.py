"""Libraries that services share. No library imports a service."""
