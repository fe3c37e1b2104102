"""Export trained nets as a folder for any static web server, with a page (``page/``) that runs them in the browser."""
