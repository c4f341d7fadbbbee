"""Faults around the shipped services: failing databases, disks and peers, and killed processes."""
