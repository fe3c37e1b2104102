"""Find the mask of each image by the names of files and folders."""
