"""Several requests in parallel, in daemon threads.

Threads of a `concurrent.futures` pool are joined when the interpreter exits, so a request that hangs would
hold up the end of the program after Ctrl-C or an error; daemon threads do not.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence


def run_together(acts: Sequence[Callable[[], object]], *, at_once: int) -> None:
    """Runs all acts in their order, `at_once` at a time.

    Raises: the first error of any act, at once; running acts are then abandoned, and no further one starts.
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
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
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
