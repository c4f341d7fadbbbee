"""Libraries that services share; none of them imports a service."""
