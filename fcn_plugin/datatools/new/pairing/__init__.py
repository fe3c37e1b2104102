"""Which mask belongs to which image, by the names of files and folders."""
