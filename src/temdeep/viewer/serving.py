"""Serves the page to a browser on this machine, until it is told to stop.

Knows: Bokeh's server, the page. Must not know: the command line.
"""

from __future__ import annotations

import errno
import webbrowser
from collections.abc import Callable, Sequence
from socket import gethostname

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from temdeep.errors import RequestError
from temdeep.viewer.page import Page
from temdeep.viewer.runs import Run

EVERYBODY = ("0.0.0.0", "::", "")  # noqa: S104 - what a user may say, not what we listen to
"""Hosts that stand for all addresses of this machine."""


def serve(
    runs: Sequence[Run], *, host: str, port: int, ready: Callable[[str], None], browser: bool
) -> None:
    """Serve the page until interrupted.

    Args:
        runs: What is looked at.
        host: Name or address to listen at.
        port: Port to listen at; 0: any that is free.
        ready: Is told the page's address.
        browser: Whether to open it in a browser.

    Raises:
        RequestError: The port is in use or not allowed, or there is no such host.
    """

    def make(document: Document) -> None:
        Page(document, runs)

    try:
        sockets, port = bind_sockets(host, port)
    except (OSError, OverflowError) as error:
        raise RequestError(_no_port(host, port, error)) from error
    names = {host, "localhost", "127.0.0.1"} | ({gethostname()} if host in EVERYBODY else set())
    application = BokehTornado(
        {"/": Application(FunctionHandler(make))},
        extra_websocket_origins=[f"{name.lower()}:{port}" for name in sorted(names)],
    )
    http = HTTPServer(application)
    http.add_sockets(sockets)
    server = BaseServer(IOLoop.current(), application, http)
    address = f"http://{'localhost' if host in EVERYBODY else host}:{port}/"
    server.start()
    ready(address)
    if browser:
        server.io_loop.add_callback(webbrowser.open, address)
    try:
        server.io_loop.start()
    finally:
        server.stop()
        http.stop()


def _no_port(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"port {port} is in use: say another with --port, or --port 0 for any that is free."
    if code == errno.EACCES:
        return f"port {port} is not for you to listen at: say one above 1023 with --port."
    if isinstance(error, OverflowError):
        return f"there is no port {port}: say one between 1024 and 65535 with --port, or 0."
    return f"nothing can listen at {host}: say --host localhost, or an address of this machine."
