"""Read label tools' files of shapes and draw them."""
