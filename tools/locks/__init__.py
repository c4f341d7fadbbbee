"""Whether every locked file can still be had."""
