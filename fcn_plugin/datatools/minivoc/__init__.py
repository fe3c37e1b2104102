"""The built-in data: a small PASCAL VOC of drawings."""
