"""Tests of affected: real git repositories, and a Bazel that answers from a file."""
