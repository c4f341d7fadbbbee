"""Commands for events: their contracts, and the streams and consumers of a broker."""
