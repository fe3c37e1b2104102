"""Statistics of bands, and what a new data set with other images than 8-bit RGB needs."""
