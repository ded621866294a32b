"""Work on strangers' files in a process of its own: bounded in time and memory, and gone afterwards with all it took.

A picture of 227 KiB unfolds into hundreds of megabytes, a sheet of 29 KiB into seconds of parsing, and no check beforehand finds
every such file. So each job is forked from a small server that has the readers loaded (a few milliseconds), may take so much
memory beyond what it began with (RLIMIT_AS) and so long, and is killed where it takes longer. Few run at once; who comes
when all are busy waits a little and is then told so.

Why a forkserver: forking the web process itself, with its threads and its database connections, is not safe.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from brain.model import Refused

log = logging.getLogger(__name__)
TOO_LONG = "这个文件处理得太久，已停下；请拆小或换一种格式另存后再试"
TOO_BIG = "这个文件展开后太大，服务器不收；请缩小或拆成几个再试"
BUSY = "正在处理别的文件，请过一会儿再试"
BROKEN = "这个文件处理不了，请另存后再试"
NICE = 5  # the screens come first

_context = multiprocessing.get_context("forkserver")
_room: threading.BoundedSemaphore | None = None
_lock = threading.Lock()


class Spent(Refused):
    """The job took more than it may; the sentence says what to do."""

    def __init__(self, words: str, code: str = "heavy"):
        super().__init__(words, code)


def prepare(at_once: int, modules: tuple[str, ...] = ()) -> None:
    """Say how many jobs may run at once and what they need loaded; starts the server that forks them."""
    global _room
    with _lock:
        _room = threading.BoundedSemaphore(at_once)
    _context.set_forkserver_preload([__name__, *modules])
    with suppress(Spent):
        run_apart(os.getpid, seconds=30, megabytes=64)


def run_apart(
    function: Callable[..., Any], *args: Any, seconds: float, megabytes: int, wait_s: float = 10.0, **named: Any
) -> Any:
    """What `function(*args, **named)` returns, worked out apart; what it raises is raised here, if it is a Refused or another
    error that can be carried over. The function stands at the top of its module; what goes in and out is pickled, so hand over
    paths and small answers rather than whole files' contents. Blocks: call it from a thread.

    Raises Spent: 'heavy' when it takes more than `seconds` of wall time or more than `megabytes` MiB, 'busy' when no process
    was free within `wait_s`.
    """
    room = _room or _make_room()
    if not room.acquire(timeout=wait_s):
        raise Spent(BUSY, "busy")
    try:
        return _one(function, args, named, seconds, megabytes)
    finally:
        room.release()


def _make_room() -> threading.BoundedSemaphore:
    global _room
    with _lock:
        _room = _room or threading.BoundedSemaphore(2)
        return _room


def _one(function: Callable[..., Any], args: tuple, named: dict, seconds: float, megabytes: int) -> Any:
    here, there = _context.Pipe(duplex=False)
    deadline = monotonic() + seconds
    child = _context.Process(target=_work, args=(there, function, args, named, seconds, megabytes), daemon=True)
    child.start()
    there.close()
    try:
        if not here.poll(max(deadline - monotonic(), 0.0)):
            log.warning("%s took longer than %.0f s and was stopped", function.__qualname__, seconds)
            raise Spent(TOO_LONG)
        try:
            good, answer = here.recv()
        except (EOFError, OSError):  # it died: killed, or out of memory where nothing can be caught
            log.warning("%s died in its process", function.__qualname__)
            raise Spent(TOO_BIG) from None
    finally:
        here.close()
        child.kill()
        child.join(5)
        child.close()
    if good:
        return answer
    if isinstance(answer, MemoryError):
        raise Spent(TOO_BIG)
    raise answer


def _work(pipe: Connection, function: Callable[..., Any], args: tuple, named: dict, seconds: float, megabytes: int) -> None:
    """The life of the child: limits first, then the work, then one answer."""
    most = _size() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cpu = max(int(seconds) + 1, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    os.nice(NICE)
    try:
        answer = (True, function(*args, **named))
    except MemoryError:
        answer = (False, MemoryError())
    except Refused as err:
        answer = (False, Refused(str(err), err.code))
    except Exception as err:
        answer = (False, err if type(err).__module__.startswith("brain.") else Refused(BROKEN, "broken"))
        if answer[1] is not err:
            log.exception("%s broke", function.__qualname__)
    with suppress(OSError):
        pipe.send(answer)


def _size() -> int:
    """Bytes of address space that this process has now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
