"""Losses over the labelled pixels of all processes."""
