"""Tests of affected, with real git repositories and a fake Bazel."""
