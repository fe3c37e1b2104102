"""Sources of images; :func:`.read.entries` yields them one by one."""
