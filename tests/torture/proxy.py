"""TCP proxies that can cut, swallow replies and delay, and count what they did. All run in one thread."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

HOST = "127.0.0.1"
_CHUNK = 65_536


class Proxy:
    """Forwards one port to another; made by `Proxies.add`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.counts: Counter[str] = Counter()
        self.swallowing = False
        self.refusing = False
        self.delay = 0.0
        self._server: asyncio.Server
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection, in the middle of whatever it is at."""
        for writer in list(self._open):
            self._abort(writer)
            self.counts["cut"] += 1

    def heal(self) -> None:
        self.swallowing = self.refusing = False
        self.delay = 0.0

    def _abort(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if self.refusing:
            self.counts["refused"] += 1
            return self._abort(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            return self._abort(writer)
        try:
            await asyncio.wait(
                [
                    asyncio.create_task(self._pump(reader, far_writer, replies=False)),
                    asyncio.create_task(self._pump(far_reader, writer, replies=True)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            far_writer.transport.abort()
            # What is on its way to the client is delivered, unless the connection was cut.
            writer.close()
            self._open.discard(writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, replies: bool) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                if self.delay:
                    self.counts["delayed"] += 1
                    await asyncio.sleep(self.delay)
                if replies and self.swallowing:
                    self.counts["swallowed"] += len(data)
                    self._abort(sink)
                    return
                sink.write(data)
                await sink.drain()


class Proxies:
    """The thread that all proxies run in."""

    def __init__(self) -> None:
        self._all: list[Proxy] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def add(self, target: int) -> Proxy:
        """Begin to forward a new port to `target`."""
        proxy = Proxy(target)
        self.run(proxy.listen())
        self._all.append(proxy)
        return proxy

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the thread of the proxies, to its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        """End all connections and the thread."""
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        for proxy in self._all:
            await proxy.end()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # The transports close their sockets in the loop's next round.
        await asyncio.sleep(0.05)
