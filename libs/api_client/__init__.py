"""What generated clients of services are made of; `docs/clients.md` shows how to use one."""
