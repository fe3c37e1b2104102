"""Export trained nets for standard runtimes: write and compare files (:mod:`.write`), run them (:mod:`.engine`)."""
