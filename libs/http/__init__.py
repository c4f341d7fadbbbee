"""Calls from one service to another: deadlines, retries, circuit breaker, credentials, trace context, metrics."""
