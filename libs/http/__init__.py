"""Calls between services, with deadlines, retries, circuit breaker, credentials, trace context and metrics."""
