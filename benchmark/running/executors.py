"""Run trials on this machine: the executor takes trials and yields messages in the order of the events.

Each job has one fork server and one thread. The thread only talks to its server.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING

from benchmark.isolation.desk import Desk
from benchmark.isolation.kernel import linux
from benchmark.isolation.launch import Launcher
from benchmark.isolation.supervisor import Server, ServerGoneError, Settings
from benchmark.results.outcome import Outcome, one_line
from benchmark.running.live import Listener, Quiet, ignore
from benchmark.running.messages import Began, Ended, Message, Reported
from generator.errors import HarnessError
from generator.family.registry import find_family
from generator.plugins import describe_failure

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from benchmark.isolation.calls import Caller
    from benchmark.isolation.work import Work
    from benchmark.running.live import Tell
    from generator.family.oracle import HiddenNetwork, OracleRecord

__all__ = ["LocalExecutor"]


class LocalExecutor:
    """Runs trials on this machine, `jobs` at a time.

    A job starts its next trial only when the consumer asks for the message after `Ended`. The row is
    on disk by then, so a killed run loses only the trials that were running.

    Args:
        settings: of every fork server.
        jobs: number of trials that run at the same time.
        live: whether log lines and reports are yielded too.
        launcher: a launcher that was started early with the modules of `settings`; by default a new one starts.
    """

    def __init__(
        self, settings: Settings, *, jobs: int = 1, live: bool = False, launcher: Launcher | None = None
    ) -> None:
        self._settings = settings
        self._launcher = launcher
        self._jobs = jobs
        self._live = live
        self._quiet = Quiet()
        self._mode = settings.isolation
        self._note = ""
        self._lock = threading.Lock()
        self._servers: list[Server] = []
        self._idle: list[Server] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._oracles: dict[str, HiddenNetwork] = {}

    @property
    def isolation(self) -> str:
        """Isolation mode, with the reason if the kernel refused namespaces; final once a server has started."""
        return f"{self._mode} ({self._note})" if self._note else self._mode

    def scorer(self) -> Caller:
        """Return the process that scores answers with the libraries that the launcher has imported."""
        return self._launch().scorer()

    def _launch(self) -> Launcher:
        """Return the launcher; start it if there is none, or if something killed it."""
        with self._lock:
            if self._launcher is not None and not self._launcher.alive and not self._closing.is_set():
                self._launcher.close()
                self._launcher = None
            if self._launcher is None:
                self._launcher = Launcher(self._settings.threads, self._settings.warm)
            return self._launcher

    def start(self) -> None:
        """Start the first server, so that the mode of isolation is known.

        Raises:
            HarnessError: if the server does not start, or the mode is `namespaces` and the kernel refuses them.
        """
        self.scorer()  # forked first, so that it is ready when the first answer comes
        self._idle.append(self._new_server())

    def close(self) -> None:
        """Stop every server and every running trial. A closed executor cannot be used again."""
        self._closing.set()
        with self._lock:
            running = list(self._servers)
        for server in running:
            server.destroy()
        for thread in self._threads:
            thread.join()
        # A thread may have started one more server meanwhile; the thread has destroyed it by now.
        for server in self._servers:
            server.close()
        if self._launcher is not None:
            self._launcher.close()

    def execute(self, works: Sequence[Work]) -> Generator[Message]:
        """Run every trial once and yield one `Ended` for each. Closing the iterator stops the running trials."""
        todo: queue.SimpleQueue[Work] = queue.SimpleQueue()
        for work in works:
            todo.put(work)
        messages: queue.SimpleQueue[tuple[Message | BaseException | None, threading.Event]] = queue.SimpleQueue()
        count = min(self._jobs, len(works))
        self._threads = [threading.Thread(target=self._job, args=(todo, messages), daemon=True) for _ in range(count)]
        # Without namespaces a solver could read the answers out of this process's memory.
        watertight = self._mode == "namespaces"
        try:
            linux.set_dumpable(dumpable=watertight)
            for thread in self._threads:
                thread.start()
            running = count
            while running:
                message, taken = messages.get()
                if message is None:
                    running -= 1
                elif isinstance(message, BaseException):
                    raise message
                elif not isinstance(message, Reported):
                    yield message
                elif not self._quiet.now:  # another job's report may have been scored since this one was queued
                    with self._quiet.timing():
                        yield message
                taken.set()
        finally:
            self.close()
            linux.set_dumpable(dumpable=True)

    def _job(
        self,
        todo: queue.SimpleQueue[Work],
        messages: queue.SimpleQueue[tuple[Message | BaseException | None, threading.Event]],
    ) -> None:
        def tell(message: Message | BaseException | None, *, wait: bool = False) -> threading.Event:
            taken = threading.Event()
            messages.put((message, taken))
            while wait and not self._closing.is_set() and not taken.wait(0.2):
                pass
            return taken

        server: Server | None = None
        try:
            while not self._closing.is_set():
                try:
                    work = todo.get_nowait()
                except queue.Empty:
                    break
                tell(Began(work))
                server, outcome = self._run(server, work, tell)
                if not self._closing.is_set():
                    tell(Ended(work, outcome), wait=True)
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
            if not self._closing.is_set():
                tell(error)
        else:
            tell(None)

    def _run(self, server: Server | None, work: Work, tell: Tell) -> tuple[Server, Outcome]:
        listener = Listener(work, tell, self._quiet) if self._live else ignore
        for _attempt in range(3):
            if server is None or not server.alive:
                if server is not None:
                    server.close()
                server = self._take_server()
            with contextlib.suppress(ServerGoneError):
                return server, server.run(work, listener, self._desk(work))
            server.close()
        raise HarnessError("the fork server died three times before it took a trial; check that memory is free")

    def _desk(self, work: Work) -> Desk | None:
        """Make the desk that answers a trial's queries; a new one, so that each trial starts with its whole budget.

        Raises:
            HarnessError: if the family cannot open the puzzle's oracle.
        """
        family = find_family(work.trial.family)
        oracle, terms = family.oracle, family.oracle_terms(work.puzzle)
        if oracle is None or terms is None or work.sealed is None:
            return None
        with self._lock:
            if work.trial.puzzle not in self._oracles:
                self._oracles[work.trial.puzzle] = _open(oracle, work)
        return Desk(self._oracles[work.trial.puzzle], terms, work.trial.limits.queries)

    def _take_server(self) -> Server:
        """Return an idle server, or start a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_server()

    def _new_server(self) -> Server:
        for namespaces in {"auto": (True, False), "namespaces": (True,), "rlimits": (False,)}[self._mode]:
            server = Server(self._settings, self._launch(), namespaces=namespaces)
            with self._lock:
                self._servers.append(server)
            if self._closing.is_set():
                server.destroy()
            refused = server.wait_until_ready()
            if not refused:
                self._mode = "namespaces" if namespaces else "rlimits"
                return server
            server.close()
            self._note = f"namespaces were refused: {one_line(refused)}"
        raise HarnessError(
            f"the kernel denied namespaces ({self._note}); run with --isolation rlimits, or enable them "
            "(see docs/harness.md)"
        )


def _open(oracle: OracleRecord, work: Work) -> HiddenNetwork:
    try:
        return oracle.open(find_family(work.trial.family).view(work.puzzle), work.sealed)  # type: ignore[arg-type]  # seen to
    except Exception as error:
        name = work.puzzle.manifest.name
        raise HarnessError(f"the oracle of puzzle {name!r} cannot be opened: {describe_failure(error)}") from error
