"""Images of services, made without a container engine."""
