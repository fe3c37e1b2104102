"""Images with a mask for each of several tasks."""
