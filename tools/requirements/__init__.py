"""Keeps requirements_lock.txt: makes it out of requirements.in, and tells when the two disagree."""
