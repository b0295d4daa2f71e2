"""Run a blocking iterator in a thread and hand its items to the event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class ThreadStream(Generic[Item]):
    """Items of a generator that runs in a thread of its own, until done or cancelled.

    The generator is made and closed in that thread. Leaving the async iteration early, for
    whatever reason, sets `cancelled`; the generator sees it and ends, which frees what it holds.
    """

    def __init__(self, make: Callable[[threading.Event], Iterator[Item]]) -> None:
        self._make = make
        self._cancelled = threading.Event()
        self._items: asyncio.Queue[Any] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[Item]:
        """Yield items as they come.

        Raises:
            Exception: whatever the generator raised.

        """
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._run, args=(loop,), name="stream", daemon=True)
        thread.start()
        try:
            while (entry := await self._items.get()) is not None:
                if isinstance(entry, _Failure):
                    raise entry.error
                yield entry
        finally:
            self._cancelled.set()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with closing(self._make(self._cancelled)) as items:  # type: ignore[type-var]
                for item in items:
                    if self._cancelled.is_set():
                        break
                    self._put(loop, item)
        except BaseException as error:  # noqa: BLE001 - raised again where the items are awaited
            self._put(loop, _Failure(error))
        else:
            self._put(loop, None)

    def _put(self, loop: asyncio.AbstractEventLoop, entry: object) -> None:
        try:
            loop.call_soon_threadsafe(self._items.put_nowait, entry)
        except RuntimeError:  # the loop has ended: nobody waits any more
            self._cancelled.set()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error
