"""The HTTP load generator wrk."""
