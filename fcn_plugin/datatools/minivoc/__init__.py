"""The built-in mini data set: drawings in PASCAL VOC's layout."""
