"""``python -m selvage``: runs the body host, describes modules, or runs a worker of Celery."""

from __future__ import annotations

import argparse
import json
import sys
import traceback


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m selvage", description="Python bodies for Selvage.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    hosting = commands.add_parser("host", help="answer a worker, which starts this program and hands it a socket")
    hosting.add_argument("--cluster", choices=("dask", "ray", "celery"), help="what runs the bodies")
    describe = commands.add_parser("describe", help="print the bodies of modules as JSON")
    describe.add_argument("modules", nargs="+", metavar="MODULE", help="such as orders.knots")
    worker = commands.add_parser("celery-worker", help="run bodies that celery() of a tapestry hands on")
    worker.add_argument("--broker", help="the broker's URL; if omitted, that of CELERY_BROKER_URL")
    worker.add_argument("--state", help="a Redis or Valkey for answers; if omitted, the broker")
    worker.add_argument("--queue", default="selvage", help="default: selvage")
    worker.add_argument("--concurrency", type=int, help="processes; default: as many as there are cores")
    arguments = parser.parse_args()
    if arguments.command == "host":
        from .host import main as host

        return host(arguments.cluster)
    if arguments.command == "celery-worker":
        from .clusters.celery_worker import work

        return work(arguments.broker, arguments.state, arguments.queue, arguments.concurrency)
    from .bodies import Bodies

    try:
        bodies = [described for module in arguments.modules for described in Bodies().describe(module)]
    except BaseException:
        traceback.print_exc()
        return 1
    print(json.dumps({"bodies": bodies}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
