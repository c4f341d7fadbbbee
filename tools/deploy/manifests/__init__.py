"""What Kubernetes is told about a service."""
