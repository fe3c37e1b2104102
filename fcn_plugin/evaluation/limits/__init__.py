"""Measures of where a net fails: at boundaries, in small and thin objects, inside objects."""
