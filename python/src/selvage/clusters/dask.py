"""Dask: each call is a task with its own key."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast
from uuid import uuid4

from ..frames import Bytes
from .host import gone
from .interface import Cluster, ClusterNotUsable, Heard, Said, Task, library, workers_of
from .remote import cancel_here, run_task, version_here

T = TypeVar("T")

EXTRA = "dask[distributed]"
OPEN_LIMIT = 15
"""Seconds in which the scheduler must answer."""
CANCEL_WINDOW = 0.05
"""Seconds in which cancels are collected for one message to the workers."""
SECOND_START = "selvage: second start"


def open_cluster(options: dict[str, Any]) -> Cluster:
    """
    :raises ClusterNotUsable:
    """
    return DaskCluster(library("distributed", EXTRA), options)


class DaskCluster:
    def __init__(self, distributed: Any, options: dict[str, Any]) -> None:
        self._distributed = distributed
        self._resources = options.get("resources") or None
        self._topic = f"selvage-{uuid4().hex}"
        self._calls: dict[str, _Submitted] = {}
        """Unfinished calls, by token."""
        self._dooms: dict[str, str] = {}
        self._lock = threading.Lock()
        self._waiting: list[tuple[Task, Sequence[Any]]] = []
        """Not yet submitted."""
        self._finished: dict[Any, asyncio.Future[Any]] = {}
        """Futures whose results are not gathered yet, and the futures of their waiters."""
        self._is_gathering = False
        self._at_work: set[asyncio.Task[None]] = set()
        """The loop holds its tasks weakly, so running ones are kept here."""
        self._is_closing = False
        self._own: Any = None
        self._client: Any = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="selvage-dask", daemon=True).start()
        try:
            self._do(self._open(options))
        except BaseException:
            self.close()
            raise

    def submit(self, task: Task, shared: Sequence[Any], heard: Heard) -> None:
        # Registered before the loop runs it, because a cancel may follow at once.
        self._calls[task["token"]] = _Submitted(heard)
        with self._lock:
            self._waiting.append((task, shared))
            is_first = len(self._waiting) == 1
        if is_first:
            self._loop.call_soon_threadsafe(self._submit_waiting)

    def share(self, digest: str, data: Bytes) -> Any:
        return self._do(self._scatter(bytes(data)))

    def has(self, part: Any) -> bool:
        return bool(part.status == "finished")  # false if a worker died with the part

    def cancel(self, token: str, reason: str, grace: float | None) -> None:
        self._loop.call_soon_threadsafe(self._doom, token, reason, grace)

    def close(self) -> None:
        self._is_closing = True
        self._do(self._close())

    def _do(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    # ---- in the loop

    async def _open(self, options: dict[str, Any]) -> None:
        import dask

        address = options.get("scheduler") or os.environ.get("DASK_SCHEDULER_ADDRESS")
        is_local = "local" in options
        if is_local:
            # Dask must not run a task again whose worker died.
            dask.config.set({"distributed.scheduler.allowed-failures": 0})
            self._own = await self._distributed.LocalCluster(
                n_workers=workers_of(options["local"]) or os.cpu_count(),
                threads_per_worker=1,
                dashboard_address=None,
                resources=self._resources,
                asynchronous=True,
            )
        elif address is None:
            raise ClusterNotUsable(
                "dask() names no cluster: give dask({ scheduler: 'tcp://host:8786' }), set DASK_SCHEDULER_ADDRESS, or "
                "start one beside the worker by dask({ local: true })."
            )
        self._address = "in this process" if is_local else f"at {address}"
        try:
            self._client = await self._distributed.Client(
                self._own or address, asynchronous=True, timeout=OPEN_LIMIT, name="selvage"
            )
        except (OSError, TimeoutError) as error:
            raise ClusterNotUsable(
                f"No Dask scheduler answers at {address} ({error}). Start it (dask scheduler), or correct the address."
            ) from None
        await self._require_selvage()
        self._client.subscribe_topic(self._topic, self._said)
        self._watching = asyncio.ensure_future(self._watch())

    async def _require_selvage(self) -> None:
        """Checks the present workers; later ones are not checked."""
        for worker, version in (await self._client.run(_probe, on_error="return")).items():
            if version != version_here():
                has = f"has selvage {version}" if isinstance(version, str) else f"cannot load selvage ({version})"
                raise ClusterNotUsable(
                    f"The Dask worker {worker} {has}, and this process has {version_here()}: install the same there."
                )

    async def _watch(self) -> None:
        """Ends this process when the scheduler is gone: its tasks are lost, but the client would wait for them."""
        while not self._is_closing:
            await asyncio.sleep(1)
            if self._client.status != "running" and not self._is_closing:
                gone(f"The Dask scheduler {self._address} is gone.")

    async def _scatter(self, data: bytes) -> Any:
        return await self._client.scatter(data, hash=True)

    def _submit_waiting(self) -> None:
        """Submits waiting tasks together, because separate messages cost as much as running a small task."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        waiting = [(task, shared) for task, shared in waiting if not self._has_ended_early(task)]
        alone = [[one] for one in waiting if one[1]]
        together = [one for one in waiting if not one[1]]
        for group in [*alone, together] if together else alone:
            try:
                futures = self._submit(group)
            except Exception as error:
                for task, _ in group:
                    self._calls.pop(task["token"]).heard.lost(_told(error))
            else:
                for (task, _), future in zip(group, futures, strict=True):
                    self._start(self._run(task["token"], future))

    def _has_ended_early(self, task: Task) -> bool:
        submitted = self._calls[task["token"]]
        if submitted.is_cancelled:
            del self._calls[task["token"]]
            submitted.heard.cancelled()
        return submitted.is_cancelled

    def _submit(self, group: Sequence[tuple[Task, Sequence[Any]]]) -> Sequence[Any]:
        keys = [_key_of(task) for task, _ in group]
        how = {"pure": False, "retries": 0, "resources": self._resources}
        if len(group) == 1:
            [(task, shared)], [key] = group, keys
            return [self._client.submit(run_on_dask, task, key, self._topic, *shared, key=key, **how)]
        tasks = [task for task, _ in group]
        return cast(Sequence[Any], self._client.map(run_on_dask, tasks, keys, topic=self._topic, key=keys, **how))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _run(self, token: str, future: Any) -> None:
        submitted = self._calls[token]
        submitted.future = future
        heard = submitted.heard
        try:
            frames = await self._result(future)
            if frames == SECOND_START:
                heard.lost("the Dask worker that ran it was lost, and Dask has given it to another one.")
            else:
                heard.ended(frames)
        except (Exception, asyncio.CancelledError) as error:
            if submitted.is_cancelled:
                heard.cancelled()
            else:
                heard.lost(_told(error))
        finally:
            del self._calls[token]
            future.release()

    async def _result(self, future: Any) -> Any:
        await self._distributed.wait(future)
        if future.status != "finished":
            return await future  # raises the error
        gathered = self._finished[future] = asyncio.get_running_loop().create_future()
        if not self._is_gathering:
            self._is_gathering = True
            self._start(self._gather())
        found = await gathered
        # A lost result fails the whole gathering, so each of its results is then fetched alone.
        return await future if found is None else found

    async def _gather(self) -> None:
        """One request at a time; results that finish meanwhile share the next one."""
        while self._finished:
            waiting, self._finished = self._finished, {}
            results: Sequence[Any] = [None] * len(waiting)
            with suppress(Exception):
                results = await self._client.gather(list(waiting))
            for gathered, result in zip(waiting.values(), results, strict=True):
                if not gathered.done():
                    gathered.set_result(result)
        self._is_gathering = False

    async def _said(self, event: Any) -> None:
        _, (token, number, text, attachments) = event
        submitted = self._calls.get(token)
        if submitted is not None:
            submitted.heard.said(number, (text, attachments))

    def _doom(self, token: str, reason: str, grace: float | None) -> None:
        submitted = self._calls.get(token)
        if submitted is None:
            return
        if not self._dooms:
            self._loop.call_later(CANCEL_WINDOW, lambda: asyncio.ensure_future(self._tell_workers()))
        self._dooms[token] = reason
        if grace is not None:
            self._loop.call_later(grace, self._give_up, token)

    async def _tell_workers(self) -> None:
        dooms, self._dooms = self._dooms, {}
        running: set[str] = set()
        for tokens in (await self._client.run(cancel_here, dooms, on_error="ignore")).values():
            running.update(tokens)
        for token in dooms.keys() - running:
            self._give_up(token)

    def _give_up(self, token: str) -> None:
        """Cancels a task that waits in the scheduler, or goes on after its grace. No force can end its thread."""
        submitted = self._calls.get(token)
        if submitted is None:
            return
        submitted.is_cancelled = True
        if submitted.future is not None:
            submitted.cancelling = asyncio.ensure_future(submitted.future.cancel())

    async def _close(self) -> None:
        if self._client is not None:
            self._watching.cancel()
            await self._client.close(timeout=2)
        if self._own is not None:
            await self._own.close(timeout=2)


class _Submitted:
    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.future: Any = None
        self.is_cancelled = False
        self.cancelling: Any = None
        """The task of the cancel, which the loop holds weakly."""


def _key_of(task: Task) -> str:
    context = task["context"]
    return f"selvage-{context['runId']}/{context['knotId']}/{context['attempt']}/{task['token'][:12]}"


def _told(error: BaseException) -> str:
    return f"Dask says: {type(error).__name__}: {error}"


# ---- on the workers


def run_on_dask(task: Task, key: str, topic: str, *shared: bytes) -> list[Said] | str:
    from distributed import get_worker
    from distributed.utils import sync

    worker = get_worker()
    if not sync(worker.loop, _begin, worker.scheduler, key):
        return SECOND_START

    def live(number: int, frame: Said) -> None:
        text, attachments = frame
        worker.log_event(topic, (task["token"], number, text, [bytes(part) for part in attachments]))

    return run_task(task, shared, live)


async def _begin(scheduler: Any, key: str) -> bool:
    """Whether this is the first start of the task. Dask repeats tasks whose worker or result was lost, whatever
    ``retries`` says. The scheduler keeps the mark until it forgets the task."""
    if await scheduler.get_metadata(keys=[key], default=None) is not None:
        return False
    await scheduler.set_metadata(keys=[key], value="begun")
    return True


def _probe() -> str:
    return version_here()
