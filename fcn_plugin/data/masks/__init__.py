"""Read ids from mask files, and crop by them."""
