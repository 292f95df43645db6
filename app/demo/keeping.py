"""Keeps what was said and heard in two files, for `refundry replay` and `refundry order`."""

import base64
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from app.demo.shop import Message
from app.replay.writing import line_of
from app.runtime.topology import Message as Said
from app.runtime.topology import Output

INPUTS, OUTPUTS = "inputs.jsonl", "outputs.jsonl"
_encode = msgspec.json.Encoder().encode


class Keeper:
    """Writes into `directory` (made if it is not there), over what an earlier run kept. None: keeps nothing."""

    def __init__(self, directory: Path | None) -> None:
        self._inputs = self._outputs = None
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
            self._inputs, self._outputs = (directory / INPUTS).open("wb"), (directory / OUTPUTS).open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._inputs, self._outputs):
            if file is not None:
                file.close()

    def heard(self, message: Message, timestamp: int) -> None:
        """An input, as a line that a replay reads. `timestamp`: of its record, in ms."""
        if self._inputs is None:
            return
        headers = {name: content.decode() for name, content in message.headers}
        key = None if message.key is None else message.key.decode()
        line = {"topic": message.topic, "key": key, "headers": headers, "timestamp": timestamp}
        self._inputs.write(_encode(line | _body(message.value)) + b"\n")

    def said(self, said: Said) -> None:
        """An output, as a replay writes it."""
        if self._outputs is not None:
            output = Output(said.topic, said.key, said.value, said.headers)
            self._outputs.write(line_of(output))


def _body(value: bytes | None) -> dict[str, str | None]:
    try:
        return {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode()}
