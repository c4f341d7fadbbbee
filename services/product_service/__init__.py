"""The catalogue: products, who owns them, and how many there are."""
