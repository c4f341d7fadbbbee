"""`bazel run //:dev`: both services on this machine, ready to be tried."""
