"""Program: a stream of numbers through a knot of pirn 0.1.0, in memory. Reads jobs from stdin, and answers with a line each."""

import asyncio
import json
import sys
import time

from pirn.core.knot_config import KnotConfig
from pirn.core.knot_factory import knot
from pirn.core.parameter import Parameter
from pirn.streaming.base import run_stream
from pirn.streaming.iterable import IterableSource
from pirn.tapestry import Tapestry


@knot
async def increment(x: int) -> int:
    return x + 1


async def main():
    with Tapestry() as tapestry:
        x = Parameter("x", int)
        last = increment(x=x, _config=KnotConfig(id="y"))
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        results = 0

        async def on_result(value, result):
            nonlocal results
            results += 1

        since = time.perf_counter()
        source = IterableSource(range(job["size"]), parameter_name="x")
        await run_stream(source, tapestry, on_result=on_result)
        milliseconds = (time.perf_counter() - since) * 1000
        print(json.dumps({"ms": milliseconds, "result": results}), flush=True)


asyncio.run(main())
