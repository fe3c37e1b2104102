"""Check the data sets and pipelines of a config."""
