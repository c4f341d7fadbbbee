"""The catalogue: products, their owners and their stock."""
