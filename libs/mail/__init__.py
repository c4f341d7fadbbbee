"""Letters to people, and the ways in which they leave the house."""
