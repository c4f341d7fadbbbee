"""Users: who they are, how they prove it, and the tokens that say so to other services."""
