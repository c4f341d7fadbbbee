"""Queries of the user service that are longer than one line, one module for each noun. No rules, no HTTP."""
