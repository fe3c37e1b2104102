"""Forms that list objects: connected pieces of the classes, with outlines."""
