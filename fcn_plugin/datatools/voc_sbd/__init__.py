"""PASCAL VOC 2012 joined with SBD."""
