"""Several readings at once, in threads that never hold up the end of the program."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence


def run_together(acts: Sequence[Callable[[], object]], *, at_once: int) -> None:
    """Runs all acts, the first ones first, so many at a time.

    Raises: the first error of any act, at once; acts that are under way then are left to themselves (their
    threads are daemons), and no further one is begun.
    """
    waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    stopped = threading.Event()
    for act in acts:
        waiting.put(act)

    def work() -> None:
        while not stopped.is_set():
            try:
                act = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                act()
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
                ended.put(error)
                return
            ended.put(None)

    for number in range(min(at_once, len(acts))):
        threading.Thread(target=work, name=f"rhevmig-read-{number + 1}", daemon=True).start()
    try:
        for _ in acts:
            error = ended.get()
            if error is not None:
                raise error
    finally:
        stopped.set()
