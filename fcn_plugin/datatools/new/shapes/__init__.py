"""Read files of shapes, as label tools write them, and draw them."""
