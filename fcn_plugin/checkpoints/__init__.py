"""Files of our own runs: read without running code, written durably, verified, and the one to resume from."""
