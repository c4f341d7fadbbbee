"""A service of fixed inputs."""
