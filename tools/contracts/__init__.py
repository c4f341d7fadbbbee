"""Compare the contracts of services: see docs/contracts.md."""
