"""The part of a cluster's worker, tested without a cluster."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from selvage.clusters.interface import ClusterNotUsable, Said, Task, library, without_password
from selvage.clusters.remote import cancel_here, run_task

sys.path.append(str(Path(__file__).parent / "bodies"))


def task(body: str, token: str = "token", **inputs: Any) -> Task:
    return {
        "token": token,
        "body": f"sample:{body}",
        "inputs": {name: json.dumps(value).encode() for name, value in inputs.items()},
        "attachments": [],
        "context": {"runId": "run-1", "knotId": "knot-1", "attempt": 1, "idempotencyKey": "key"},
    }


def frames(said: list[Said]) -> list[dict[str, Any]]:
    return [json.loads(text) for text, _ in said]


def test_the_last_frame_is_the_answer() -> None:
    assert frames(run_task(task("double", x=4))) == [{"type": "value", "id": 0, "value": 8.0}]
    assert frames(run_task(task("double_later", x=4)))[-1]["value"] == 8.0


def test_an_error_is_told_with_its_cause() -> None:
    error = frames(run_task(task("fails")))[-1]["error"]
    assert (error["type"], error["cause"]["type"]) == ("ValueError", "KeyError")


def test_what_is_no_unicode_has_the_id_where_the_host_puts_that_of_its_call() -> None:
    [(text, _)] = run_task(task("fails_at_file"))
    assert text.startswith(b'{"type":"error","id":0,')
    assert json.loads(text)["error"]["message"] == "caf\udce9"


def test_what_is_said_is_told_at_once_and_again_with_the_answer() -> None:
    live: list[tuple[int, Said]] = []
    said = run_task(task("with_context"), live=lambda number, frame: live.append((number, frame)))
    assert [frame["type"] for frame in frames(said)] == ["heartbeat", "log", "log", "extend", "value"]
    assert live == list(enumerate(said[:3]))  # knots are added only if the body returns


def test_prints_are_lines_of_the_log_of_their_own_body() -> None:
    results: dict[str, list[dict[str, Any]]] = {}

    def run(name: str) -> None:
        results[name] = frames(run_task(task("prints", token=name)))

    threads = [threading.Thread(target=run, args=[f"token-{i}"]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for said in results.values():
        lines = [frame["message"] for frame in said if frame["type"] == "log"]
        assert lines == ["to standard output", "to standard error"]


def test_parts_that_are_shared_are_put_in_their_places() -> None:
    given = task("same")
    given["inputs"] = {"x": b'[{"$type":"attachment","value":0},1]'}
    given["attachments"] = [0]
    [(text, attachments)] = run_task(given, [bytes(2000)])
    assert (json.loads(text)["value"], attachments) == ([{"$type": "attachment", "value": 0}, 1], [bytes(2000)])


@pytest.mark.parametrize("body", ["waits", "waits_later"])
def test_a_cancel_reaches_a_body_that_runs(body: str) -> None:
    def cancel(*_: object) -> None:
        assert cancel_here({"running": "cancelled"}) == ["running"]

    assert frames(run_task(task(body, token="running"), live=cancel))[-1]["error"]["type"] == "Cancelled"


def test_a_cancel_comes_before_its_task() -> None:
    assert cancel_here({"early": "cancelled"}) == []
    assert frames(run_task(task("waits", token="early")))[0]["error"]["type"] == "Cancelled"


def test_bytes_cannot_be_streamed() -> None:
    answer = frames(run_task(task("stores_bytes", data={"$type": "bytes", "value": "AAAA"})))[-1]
    assert "run this knot by python()" in answer["error"]["message"]


def test_a_body_that_is_not_there_is_missed_on_the_cluster() -> None:
    error = frames(run_task(task("no_such_body")))[-1]["error"]
    assert error["type"] == "BodyMissing"
    assert "cluster" in error["message"]


def test_a_missing_library_is_said_with_what_to_install() -> None:
    with pytest.raises(ClusterNotUsable, match=r'pip install "dask\[distributed\]"'):
        library("no_such_library_at_all", "dask[distributed]")


def test_passwords_are_not_shown() -> None:
    assert without_password("redis://ada:secret@host:1/0") == "redis://ada:***@host:1/0"
    assert without_password("redis://host:1/0") == "redis://host:1/0"
