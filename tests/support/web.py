"""Servers on this machine: for tests of downloads, and for folders that a browser opens."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(handler, tls=None):
    """A server that answers with ``handler``, over https with an SSL context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serving_folder(folder):
    """The address of a folder, as ``python -m http.server`` serves it."""
    with serving(partial(_Quiet, directory=str(folder))) as server:
        yield f"http://127.0.0.1:{server.server_port}/"
