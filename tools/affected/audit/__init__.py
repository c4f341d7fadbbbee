"""Proves `affected` against the truth: what Bazel would really run otherwise."""
