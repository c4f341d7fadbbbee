"""Rules for imports between layers: services, libraries and tools."""
