"""Pushing images: what `oci_push` does, with a default, one line for each failure, and nothing sent twice."""
