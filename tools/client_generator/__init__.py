"""Generate the client of a service from its contract; `docs/clients.md` describes the result."""
