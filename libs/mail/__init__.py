"""Emails with one recipient, and the ways to send them."""
