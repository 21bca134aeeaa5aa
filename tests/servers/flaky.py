"""A web server on 127.0.0.1 with every bad habit that downloads meet."""

import contextlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """What happens to one request instead of a clean answer."""

    status: int | None = None  # answer with this code
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None  # promise everything, send so many bytes, close
    stall: float = 0.0  # … and wait so long before closing


@dataclass
class Page:
    """One path of the server; `faults` are used up one per request, `always` never."""

    body: bytes
    ranges: bool = True
    etag: str | None = None
    modified: str | None = None
    kind: str = "application/octet-stream"
    length: bool = True
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None


class Flaky:
    """Pages by path and a log of (method, path, Range header) of every request."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.log: list[tuple[str, str, str | None]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def add(self, path: str, body: bytes = b"", **options: object) -> str:
        """Serve `body`; returns the address."""
        self.pages[path] = Page(body, **options)  # type: ignore[arg-type]
        return self.url + path

    def requests(self, path: str, method: str = "GET") -> list[str | None]:
        """The Range headers of the requests for `path`."""
        return [wanted for verb, seen, wanted in self.log if (verb, seen) == (method, path)]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _handler(server: Flaky) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(send_body=False)

        def do_GET(self) -> None:
            self._answer(send_body=True)

        def _answer(self, send_body: bool) -> None:
            wanted = self.headers.get("Range")
            server.log.append((self.command, self.path, wanted))
            page = server.pages.get(self.path)
            if page is None:
                self.send_error(404)
                return
            fault = page.faults.pop(0) if page.faults and send_body else page.always
            fault = fault or Fault()
            if fault.status:
                self._head(fault.status, {"Content-Length": "0", **fault.headers})
                return
            body, status, headers = page.body, 200, {"Content-Type": page.kind}
            validators = {"ETag": page.etag, "Last-Modified": page.modified}
            headers |= {name: value for name, value in validators.items() if value}
            guard = self.headers.get("If-Range")
            if page.ranges and wanted and guard in (None, page.etag, page.modified):
                first = int(wanted.removeprefix("bytes=").split("-")[0])
                if first >= len(body):
                    headers |= {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"}
                    self._head(416, headers)
                    return
                status = 206
                headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
                body = body[first:]
            if page.length:
                headers["Content-Length"] = str(len(body))
            self._head(status, headers)
            if not send_body:
                return
            self.close_connection = True
            with contextlib.suppress(ConnectionError):  # clients may hang up as well
                self.wfile.write(body if fault.cut_after is None else body[: fault.cut_after])
                self.wfile.flush()
                time.sleep(fault.stall)

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler
