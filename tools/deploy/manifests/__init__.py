"""Kubernetes manifests of a service."""
