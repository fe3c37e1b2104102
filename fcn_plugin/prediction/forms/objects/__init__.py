"""Forms that list objects: connected pieces of classes, with outlines."""
