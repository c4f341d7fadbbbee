"""What tests of images stand on: reading them, pulling them, running them without a container engine."""
