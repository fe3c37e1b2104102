"""Look over a config and its data before a run."""
