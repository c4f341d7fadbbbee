"""Requests and responses of the product service, one module for each noun."""
