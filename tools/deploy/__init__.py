"""What runs where: what is wanted lies in git, what differs is pushed and rendered, and nothing else is."""
