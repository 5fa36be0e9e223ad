"""Program: increments of many numbers in pirn 0.1.0, in memory. Reads jobs from stdin, and answers with a line each.

With the argument "map", pirn's Map, which keeps no record of an element; with "knots", a knot for each, which has one.
"""

import asyncio
import json
import sys
import time

from pirn.core.knot_config import KnotConfig
from pirn.core.knot_factory import knot
from pirn.core.parameter import Parameter
from pirn.core.run_request import RunRequest
from pirn.nodes.aggregator import Aggregator
from pirn.nodes.map_ import Map
from pirn.tapestry import Tapestry


@knot
async def increment(x: int) -> int:
    return x + 1


@knot
async def total(values: list) -> int:
    return sum(values)


def sum_of(**values: int) -> int:
    return sum(values.values())


def wired(kind, size):
    with Tapestry() as tapestry:
        start = Parameter("start", int)
        if kind == "map":

            @knot
            async def numbers(start: int) -> list:
                return [start + index for index in range(size)]

            listed = numbers(start=start, _config=KnotConfig(id="list"))
            mapped = Map(over=listed, each=increment, bind="x", _config=KnotConfig(id="mapped"))
            return tapestry, total(values=mapped, _config=KnotConfig(id="total"))
        values = {f"v{index}": increment(x=start, _config=KnotConfig(id=f"inc-{index}")) for index in range(size)}
        return tapestry, Aggregator(combine=sum_of, _config=KnotConfig(id="total"), **values)


async def main(kind):
    print("ready", flush=True)
    tapestries = {}
    for line in sys.stdin:
        job = json.loads(line)
        if job["size"] not in tapestries:
            tapestries[job["size"]] = wired(kind, job["size"])
        tapestry, last = tapestries[job["size"]]
        since = time.perf_counter()
        run = await tapestry.run(RunRequest(parameters={"start": job["start"]}))
        milliseconds = (time.perf_counter() - since) * 1000
        print(json.dumps({"ms": milliseconds, "result": run.outputs[last.knot_id]}), flush=True)


asyncio.run(main(sys.argv[1]))
