"""Program: increments of many numbers by the cluster's own client. Reads jobs from stdin, and answers with a line each.

``plain_cluster.py dask ADDRESS`` or ``plain_cluster.py celery BROKER``; the latter needs
``celery -A plain_cluster worker`` with ``CELERY_BROKER_URL``.
"""

import json
import os
import sys
import time

import celery

app = celery.Celery("plain", broker=os.environ.get("CELERY_BROKER_URL"), backend=os.environ.get("CELERY_BROKER_URL"))
app.conf.task_default_queue = "plain"


def increment(x):
    return x + 1


increment_task = app.task(name="increment")(increment)


def with_dask(address):
    from distributed import Client

    client = Client(address)
    return lambda numbers: client.gather(client.map(increment, numbers, pure=False))


def with_celery(_broker):
    return lambda numbers: celery.group(increment_task.s(x) for x in numbers).apply_async().get()


def main(kind, address):
    run = {"dask": with_dask, "celery": with_celery}[kind](address)
    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        since = time.perf_counter()
        result = sum(run([job["start"] + index for index in range(job["size"])]))
        print(json.dumps({"ms": (time.perf_counter() - since) * 1000, "result": result}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
