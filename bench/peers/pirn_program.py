"""Program: pirn as its documentation has it. Reads jobs from stdin, a line each, and answers with a line each."""

import asyncio
import json
import os
import sqlite3
import sys
import time

from pirn import KnotConfig, Parameter, RunRequest, Tapestry, knot
from pirn.backends.sqlite.sqlite_history import SQLiteHistory
from pirn.backends.sqlite.sqlite_store import SQLiteStore
from pirn.nodes.aggregator import Aggregator


@knot
async def increment(x: int) -> int:
    return x + 1


def total(**values: int) -> int:
    return sum(values.values())


def backends(database):
    """Nothing: all in memory. A file: plans and lineage in one SQLite database, the way that SQLiteHistory documents."""
    if not database:
        return {}
    if os.path.exists(database):
        os.remove(database)
    connection = sqlite3.connect(database, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    return {"store": SQLiteStore(connection=connection), "history": SQLiteHistory(connection=connection)}


def wired(shape, size, database):
    with Tapestry(**backends(database)) as tapestry:
        start = Parameter("start", int)
        if shape == "chain":
            last = start
            for index in range(size):
                last = increment(x=last, _config=KnotConfig(id=f"inc-{index}"))
        else:
            values = {
                f"v{index}": increment(x=start, _config=KnotConfig(id=f"inc-{index}")) for index in range(size)
            }
            last = Aggregator(combine=total, _config=KnotConfig(id="total"), **values)
    return tapestry, last


async def main(database):
    print("ready", flush=True)
    tapestries = {}
    for line in sys.stdin:
        job = json.loads(line)
        key = (job["shape"], job["size"])
        if key not in tapestries:
            name = f"{database}-{len(tapestries)}.db" if database else None
            tapestries[key] = wired(job["shape"], job["size"], name)
        tapestry, last = tapestries[key]
        since = time.perf_counter()
        run = await tapestry.run(RunRequest(parameters={"start": job["start"]}))
        milliseconds = (time.perf_counter() - since) * 1000
        print(json.dumps({"ms": milliseconds, "result": run.outputs[last.knot_id]}), flush=True)


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
