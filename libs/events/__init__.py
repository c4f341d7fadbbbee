"""Events between services: outbox, relay, consumers with an inbox, on NATS JetStream."""
