"""Tests of the documents that rules_oci writes. They pass with rules_oci and with its stand-in."""
