"""Tests of several services together; a test of one thing lies beside that thing."""
