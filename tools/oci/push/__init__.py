"""Pushing images: a default that works on any machine, one line for each failure, and nothing sent twice."""
