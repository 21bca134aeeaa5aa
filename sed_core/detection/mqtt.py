"""Messages to an MQTT broker, by the package paho-mqtt."""

import re
import threading
from importlib import import_module
from typing import Any, Self

from sed_core.runtime.errors import SedError

PORT = 1883
PATIENCE = 5.0  # s, for the broker's answer and for the last message


class Publisher:
    """A connection to a broker, made anew by itself when it broke.

    Args:
        address: `host/topic` or `host:port/topic`.

    Raises:
        SedError: another form, no paho-mqtt, no broker there, or one that refuses.
    """

    def __init__(self, address: str) -> None:
        found = re.fullmatch(r"([^/:]+)(?::(\d+))?/(.+)", address)
        if not found:
            raise SedError(f"--mqtt is '{address}'; expected host/topic or host:port/topic.")
        host, port, self.topic = found[1], int(found[2] or PORT), found[3]
        try:
            mqtt = import_module("paho.mqtt.client")
        except ModuleNotFoundError as error:
            raise SedError(
                "--mqtt needs paho-mqtt, which is missing; in the clone: pip install '.[live]'."
            ) from error
        answered = threading.Event()
        refused: list[str] = []
        self.last: Any = None
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.connect_timeout = PATIENCE

        def connected(_client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
            if reason.is_failure:
                refused.append(str(reason))
            answered.set()

        self.client.on_connect = connected
        try:
            self.client.connect(host, port)
        except OSError as error:
            raise SedError(
                f"no MQTT broker answers at {host}:{port} ({error}); start it, or correct --mqtt."
            ) from error
        self.client.loop_start()
        if not answered.wait(PATIENCE) or refused:
            self._close()
            why = refused[0] if refused else "no answer"
            raise SedError(f"the MQTT broker at {host}:{port} refuses the connection ({why}).")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.last is not None and self.client.is_connected():
            self.last.wait_for_publish(PATIENCE)
        self._close()

    def publish(self, text: str) -> None:
        """Send one message, without receipt; what is sent while the broker is away is lost."""
        if self.client.is_connected():
            self.last = self.client.publish(self.topic, text)

    def _close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
