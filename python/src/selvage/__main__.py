"""``python -m selvage``: the body host, and what it would say of modules."""

from __future__ import annotations

import argparse
import json
import sys
import traceback


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m selvage", description="Python bodies for Selvage.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("host", help="answer a worker, which starts this program and hands it a socket")
    describe = commands.add_parser("describe", help="print the bodies of modules as JSON")
    describe.add_argument("modules", nargs="+", metavar="MODULE", help="such as orders.knots")
    arguments = parser.parse_args()
    if arguments.command == "host":
        from .host import main as host

        return host()
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
