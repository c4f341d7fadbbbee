"""Requests and responses of the user service, one module for each noun."""
