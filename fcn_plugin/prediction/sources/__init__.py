"""Where images come from; :func:`.read.entries` gives them one after the other."""
