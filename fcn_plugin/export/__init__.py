"""Trained nets as files that stock runtimes run: write and compare them (:mod:`.write`), run them here (:mod:`.engine`)."""
