"""Images with any number of bands and up to 32 bits: read them, load them, draw three bands as RGB."""
