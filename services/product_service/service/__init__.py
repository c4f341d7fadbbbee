"""The rules of the product service, one module for each noun. No HTTP."""
