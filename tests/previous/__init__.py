"""The code of the revision before, run on the tables of today."""
