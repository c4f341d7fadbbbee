"""What rules_oci writes, fact by fact: true of the original and of what stands in for it."""
