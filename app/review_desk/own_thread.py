"""What goes on beside the pages, on a thread of its own for as long as the console is open."""

import threading
from abc import ABC, abstractmethod
from typing import Self


class OwnThread(ABC):
    """A thread that begins with a `with` block, and is waited for at its end."""

    def __init__(self, name: str) -> None:
        """`name`: the thread's."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.go_on, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @abstractmethod
    def go_on(self) -> None:
        """What the thread does. It returns soon after `is_over` has become true, and raises nothing."""

    def is_over(self) -> bool:
        """Whether the thread is to end."""
        return self._over.is_set()

    def pause(self, seconds: float) -> None:
        """Waits, but no longer than until the thread is to end."""
        self._over.wait(seconds)
