"""Support for new data sets with images other than 8-bit RGB, and statistics of bands."""
