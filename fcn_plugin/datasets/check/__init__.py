"""Read a whole data set and say what is wrong with it, by file name."""
