"""Support for tests of images: reading, pulling, and running them without a container engine."""
