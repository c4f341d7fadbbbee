"""Measurements that the documentation quotes, taken side by side on the machine they are run on."""
