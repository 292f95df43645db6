"""A bad network in front of the broker: what passes through it can be delayed, throttled, lost one way, or cut."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self

from tests.kafka.harness import free_port

_CHUNK = 16_384


class Proxy:
    """Leads from `port` to `target` on loopback. Its faults are attributes and may be changed while it runs.

    `delay`: seconds that every byte is under way, each way. `bytes_per_second`: how many pass, each way and connection;
    None: all. `answers_lost`: what the broker says does not arrive, while it hears everything.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.bytes_per_second: int | None = None
        self.answers_lost = False
        self.passed = 0
        self.lost = 0
        self._refuses = False
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.target = free_port()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def cut(self) -> None:
        """Every connection ends, and no new one comes about."""
        self._refuses = True
        self._end_connections()

    def mend(self) -> None:
        """The network is good again. Connections on which answers were lost end: a stream with a hole is none."""
        self.delay, self.bytes_per_second, self._refuses = 0.0, None, False
        if self.answers_lost:
            self._end_connections()
            self.answers_lost = False

    def _end_connections(self) -> None:
        async def end() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._lead, sock=self._listening))
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pipe(reader, far_writer, answers=False))
                group.create_task(self._pipe(far_reader, writer, answers=True))
        except* OSError:
            pass  # one side hung up; so does the other
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)

        async def read() -> None:
            while data := await reader.read(_CHUNK):
                await under_way.put((self._loop.time() + self.delay, data))
            raise ConnectionResetError

        async def write() -> None:
            while True:
                due, data = await under_way.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                if self.bytes_per_second is not None:
                    await asyncio.sleep(len(data) / self.bytes_per_second)
                if answers and self.answers_lost:
                    self.lost += len(data)
                    continue
                self.passed += len(data)
                writer.write(data)
                await writer.drain()

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            group.create_task(write())
