"""Which targets a change touches, and why."""
