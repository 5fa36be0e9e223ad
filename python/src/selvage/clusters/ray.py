"""Ray: each call is a task that Ray tries once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..frames import Bytes
from .interface import Cluster, ClusterNotUsable, Heard, Said, Task, library, workers_of
from .remote import cancel_here, run_task, version_here

EXTRA = "ray"
PROBE_LIMIT = 120
"""Seconds in which a worker of the cluster must report its version."""
CONNECT_LIMIT = 10
LOOK = 0.05
"""Seconds between two checks of a task's main thread for a cancel by Ray."""
FOLDER = "selvage-ray-"

# Ray would report its use to its makers.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def open_cluster(options: dict[str, Any]) -> Cluster:
    """
    :raises ClusterNotUsable:
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if "local" in options:
        # A token would be written into the user's home folder.
        os.environ.setdefault("RAY_AUTH_MODE", "disabled")
    return RayCluster(library("ray", EXTRA), options)


class RayCluster:
    def __init__(self, ray: Any, options: dict[str, Any]) -> None:
        self._ray = ray
        self._calls: dict[str, _Submitted] = {}
        """Unfinished calls, by token."""
        self._folder: str | None = None
        self._open(options)
        needs = {
            "num_cpus": options.get("numCpus"),
            "num_gpus": options.get("numGpus"),
            "resources": options.get("resources"),
        }
        # By default, Ray repeats a task three times if it has lost its worker.
        self._remote = ray.remote(
            **{name: value for name, value in needs.items() if value is not None},
            max_retries=0,
            retry_exceptions=False,
        )(run_on_ray)
        self._board = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=0)(Board).remote()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="selvage-ray", daemon=True).start()
        asyncio.run_coroutine_threadsafe(self._hear(), self._loop)

    def submit(self, task: Task, shared: Sequence[Any], heard: Heard) -> None:
        # Registered before the loop runs it, because a cancel may follow at once.
        self._calls[task["token"]] = _Submitted(heard)
        asyncio.run_coroutine_threadsafe(self._run(task, shared), self._loop)

    def share(self, digest: str, data: Bytes) -> Any:
        return self._ray.put(bytes(data))

    def has(self, part: Any) -> bool:
        return True  # this process owns the part, so Ray keeps it

    def cancel(self, token: str, reason: str, grace: float | None) -> None:
        self._loop.call_soon_threadsafe(self._doom, token, reason, grace)

    def close(self) -> None:
        self._ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self, options: dict[str, Any]) -> None:
        address = options.get("address") or os.environ.get("RAY_ADDRESS")
        is_local = "local" in options
        settings: dict[str, Any] = {"include_dashboard": False, "log_to_driver": True, "configure_logging": False}
        if is_local:
            _remove_left_folders()
            # Ray makes sockets in it, whose paths must be short.
            self._folder = tempfile.mkdtemp(
                prefix=f"{FOLDER}{os.getpid()}-", dir="/tmp" if os.name == "posix" else None
            )
            settings |= {
                "address": "local",
                "num_cpus": workers_of(options["local"]),
                "resources": options.get("resources"),
                "_node_ip_address": "127.0.0.1",
                "_temp_dir": self._folder,
            }
        elif address is None:
            raise ClusterNotUsable(
                "ray() names no cluster: give ray({ address: 'host:6379' }), set RAY_ADDRESS, or start one beside the "
                "worker by ray({ local: true })."
            )
        else:
            _require_answer(address)
            settings = {"address": address, "log_to_driver": True}
        environment = options.get("runtimeEnv")
        if environment:
            settings["runtime_env"] = environment
        try:
            self._ray.init(**{name: value for name, value in settings.items() if value is not None})
        except Exception as error:
            what = "A Ray cluster could not be started here" if is_local else f"No Ray cluster answers at {address}"
            raise ClusterNotUsable(
                f"{what} ({type(error).__name__}: {error})."
                + ("" if is_local else " Start it, or correct the address.")
            ) from error
        try:
            version = self._ray.get(self._ray.remote(num_cpus=0, max_retries=3)(_probe).remote(), timeout=PROBE_LIMIT)
        except Exception as error:
            version = error
        if version != version_here():
            has = f"has selvage {version}" if isinstance(version, str) else f"cannot load selvage ({version})"
            raise ClusterNotUsable(
                f"A worker of Ray at {address or 'this machine'} {has}, and this process has {version_here()}: install "
                "the same there, or name it in `runtimeEnv`."
            )

    # ---- in the loop

    async def _run(self, task: Task, shared: Sequence[Any]) -> None:
        context = task["context"]
        submitted = self._calls[task["token"]]
        heard = submitted.heard
        try:
            if submitted.is_cancelled:
                heard.cancelled()
                return
            name = f"selvage-{context['runId']}/{context['knotId']}/{context['attempt']}"
            submitted.ref = self._remote.options(name=name).remote(task, self._board, *shared)
            heard.ended(await submitted.ref)
        except (Exception, asyncio.CancelledError) as error:
            if submitted.is_cancelled:
                heard.cancelled()
            else:
                heard.lost(f"Ray says: {type(error).__name__}: {str(error).strip()}")
        finally:
            del self._calls[task["token"]]

    async def _hear(self) -> None:
        while True:
            try:
                for token, number, frame in await self._board.take.remote():
                    submitted = self._calls.get(token)
                    if submitted is not None:
                        submitted.heard.said(number, frame)
            except Exception:  # Ray restarts a lost board; its frames come again with the answers
                await asyncio.sleep(1)

    def _doom(self, token: str, reason: str, grace: float | None) -> None:
        submitted = self._calls.get(token)
        if submitted is None:
            return
        submitted.is_cancelled = True
        if submitted.ref is None:
            return
        self._ray.cancel(submitted.ref, force=False)
        if grace is not None:
            self._loop.call_later(grace, self._end_by_force, token)

    def _end_by_force(self, token: str) -> None:
        submitted = self._calls.get(token)
        if submitted is not None:
            self._ray.cancel(submitted.ref, force=True)


class _Submitted:
    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.ref: Any = None
        self.is_cancelled = False


def _require_answer(address: str) -> None:
    """Checks the address first, because Ray itself tries for minutes.

    :raises ClusterNotUsable: nobody listens there
    """
    parts = urlsplit(address if "://" in address else f"ray://{address}")
    if parts.port is None or parts.hostname is None:  # such as `auto`
        return
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=CONNECT_LIMIT).close()
    except OSError as error:
        raise ClusterNotUsable(
            f"No Ray cluster answers at {address} ({error}). Start it (ray start --head), or correct the address."
        ) from None


def _remove_left_folders() -> None:
    """Removes the folders of processes that were killed."""
    for folder in Path("/tmp").glob(f"{FOLDER}*"):
        pid = folder.name.removeprefix(FOLDER).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


# ---- on the workers


class Board:
    """An actor that holds frames of running bodies until the host takes them."""

    def __init__(self) -> None:
        self._words: list[tuple[str, int, Said]] = []
        self._any = asyncio.Event()

    async def say(self, token: str, number: int, frame: Said) -> None:
        self._words.append((token, number, frame))
        self._any.set()

    async def take(self) -> list[tuple[str, int, Said]]:
        await self._any.wait()
        self._any.clear()
        words, self._words = self._words, []
        return words


def run_on_ray(task: Task, board: Any, *shared: bytes) -> list[Said]:
    def live(number: int, frame: Said) -> None:
        board.say.remote(task["token"], number, frame)

    def cancel(*_: object) -> None:
        cancel_here({task["token"]: "cancelled"})

    def wait(over: threading.Event) -> None:
        while not over.wait(LOOK):
            pass

    # Ray cancels by SIGINT, which processes of the host inherit as ignored. The body has its own thread, and reads
    # cancels from its context.
    if threading.current_thread() is not threading.main_thread():
        return run_task(task, shared, live)
    before = signal.signal(signal.SIGINT, cancel)
    try:
        return run_task(task, shared, live, wait)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before == signal.SIG_IGN else before)


def _probe() -> str:
    return version_here()
