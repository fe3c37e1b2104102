"""Trained nets as a folder that any static server serves: a page (``page/``) that runs them in the browser."""
