"""What `bazel run` gives to the programs that it starts."""
