"""Benchmarks whose results are in docs/benchmarks.md; servers that are compared run alternately on one machine."""
