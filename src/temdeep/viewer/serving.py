"""Serves the page to a browser on this machine, until it is told to stop.

Knows: Bokeh's server, the page. Must not know: the command line.
"""

from __future__ import annotations

import errno
import socket
import webbrowser
from collections.abc import Callable, Sequence

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
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
        RequestError: The port is in use, not allowed or none; or there is no such host.
    """

    def make(document: Document) -> None:
        Page(document, runs)

    if not 0 <= port <= 65_535:
        raise RequestError(
            f"there is no port {port}: say one between 1024 and 65535 with --port, or 0."
        )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise RequestError(_no_port(host, port, error)) from error
    listening.setblocking(False)
    port = listening.getsockname()[1]
    names = {host, "localhost", "127.0.0.1"} | (
        {socket.gethostname()} if host in EVERYBODY else set()
    )
    application = BokehTornado(
        {"/": Application(FunctionHandler(make))},
        extra_websocket_origins=[f"{name.lower()}:{port}" for name in sorted(names)],
    )
    http = HTTPServer(application)
    http.add_sockets([listening])
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


def _no_port(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use: say another with --port, or --port 0 for any that is free."
    if error.errno == errno.EACCES:
        return f"port {port} is not for you to listen at: say one above 1023 with --port."
    return f"nothing can listen at {host}: say --host localhost, or an address of this machine."
