"""Messages to an MQTT broker: as much of MQTT 3.1.1 as sending without receipt needs."""

import os
import re
import socket
import struct
import time
from typing import Self

from sed_core.runtime.errors import SedError

PORT = 1883
ALIVE = 0  # s; 0: the broker does not close a silent connection


class Publisher:
    """A connection to a broker, made anew when it broke.

    Args:
        address: `host/topic` or `host:port/topic`.

    Raises:
        SedError: another form, or no broker there.
    """

    def __init__(self, address: str) -> None:
        found = re.fullmatch(r"([^/:]+)(?::(\d+))?/(.+)", address)
        if not found:
            raise SedError(f"--mqtt is '{address}'; expected host/topic or host:port/topic.")
        self.host, self.port, self.topic = found[1], int(found[2] or PORT), found[3]
        self.socket = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def publish(self, text: str) -> None:
        """Send one message; what is sent while the broker is away is lost after one more try."""
        packet = _packet(0x30, _text(self.topic) + text.encode())
        try:
            self.socket.sendall(packet)
        except OSError:
            self.socket.close()
            time.sleep(0.1)
            try:
                self.socket = self._connected()
                self.socket.sendall(packet)
            except (OSError, SedError):
                return

    def _connected(self) -> socket.socket:
        try:
            stream = socket.create_connection((self.host, self.port), timeout=5)
            head = _text("MQTT") + struct.pack(">BBH", 4, 2, ALIVE)  # 3.1.1, a clean session
            stream.sendall(_packet(0x10, head + _text(f"sedlab-{os.getpid()}")))
            answer = stream.recv(4)
        except OSError as error:
            raise SedError(
                f"no MQTT broker answers at {self.host}:{self.port} ({error}); start it, or "
                "correct --mqtt."
            ) from error
        if answer[:1] != b"\x20" or answer[3:] != b"\x00":
            raise SedError(f"the MQTT broker at {self.host}:{self.port} refuses the connection.")
        return stream


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:  # seven bits a byte, the lowest first
        size, low = divmod(size, 128)
        length += bytes([low | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
