"""The NATS server of events: its configuration, streams, consumers, users and permissions."""
