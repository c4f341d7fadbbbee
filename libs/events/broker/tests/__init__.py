"""Tests of the broker with a real nats-server."""
