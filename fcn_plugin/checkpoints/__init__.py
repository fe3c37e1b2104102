"""Checkpoint files: read them without running code, verify them, and find the one to resume from."""
