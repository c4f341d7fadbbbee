"""`bazel run //:dev`: all services on this machine, ready to be tried."""
