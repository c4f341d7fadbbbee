"""Whether cosign itself believes the signatures that are made here."""
