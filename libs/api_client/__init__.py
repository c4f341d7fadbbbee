"""The runtime of the generated clients of services; `docs/clients.md` shows how to use one."""
