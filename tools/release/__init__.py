"""What others need to trust an image on a registry: where it comes from, what it is made of, and a signature."""
