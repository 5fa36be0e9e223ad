"""The body host, as a worker uses it."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driver import HELLO, Worker

UNDEFINED = {"$type": "undefined"}
BYTES_0 = {"$type": "attachment", "value": 0}


@pytest.fixture(scope="module")
def shared() -> Iterator[Worker]:
    """A shared host, for calls that do not change it."""
    with Worker() as worker:
        yield worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A host for one test."""
    with Worker() as worker:
        yield worker


# ---- the beginning and the end


def test_host_says_who_it_is() -> None:
    with Worker() as worker:
        assert worker.ready == {
            "type": "ready",
            "protocol": 1,
            "language": "python",
            "runtime": sys.version.split()[0],
            "selvage": "0.1.0",
            "concurrency": 1,
        }


def test_unknown_versions_are_refused() -> None:
    with Worker(hello={**HELLO, "protocols": [7, 8]}) as worker:
        assert worker.ready["type"] == "refused"
        assert worker.ready["error"]["type"] == "ProtocolUnknown"
        assert "7, 8" in worker.ready["error"]["message"]
        assert worker.is_closed()
        assert worker.process.wait() == 1


def test_a_newer_worker_that_knows_this_version_too_is_served() -> None:
    with Worker(hello={**HELLO, "protocols": [2, 1], "unknown": {}}) as worker:
        assert worker.ready["protocol"] == 1


def test_goodbye_ends_what_was_begun() -> None:
    with Worker() as worker:
        described(worker, "sample")
        plain, later = worker.start("finishes"), worker.start("waits_later")
        for _ in range(2):
            worker.until(lambda header: header["type"] == "log")
        worker.send({"type": "goodbye"})
        for id in (plain, later):
            worker.send({"type": "cancel", "id": id, "reason": "shutdown"})
        assert {worker.receive()[0]["id"] for _ in range(2)} == {plain, later}
        assert worker.is_closed()
        assert worker.process.wait() == 0


def test_the_end_of_the_connection_ends_a_body_at_once() -> None:
    worker = Worker()
    worker.start("sleeps", seconds=1000)
    with worker:
        pass  # the worker closes the connection, and waits for the end of the process
    assert worker.process.returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{x}",
        '{"type":"unknown"}',
        '{"type":"call","id":1}',
        '{"type":"ping","id":1,"attachments":[-1]}',
        '{"type":"ping","id":1,"attachments":[1.5]}',
        '{"type":"ping","id":1,"attachments":5}',
        '{"type":"ping","id":1,"attachments":[2147483648,1]}',
        '{"type":"ping","id":1,"attachments":[' + "0," * 16_384 + "0]}",
    ],
    ids=lambda text: text[:60],
)
def test_what_is_no_frame_ends_the_connection(text: str) -> None:
    with Worker() as worker:
        worker.socket.sendall(len(text).to_bytes(4, "big") + text.encode())
        assert_given_up(worker)


def test_a_header_that_is_too_long_ends_the_connection() -> None:
    with Worker() as worker:
        worker.socket.sendall((64 * 1024 * 1024 + 1).to_bytes(4, "big"))
        assert_given_up(worker)


def assert_given_up(worker: Worker) -> None:
    assert worker.is_closed()
    assert worker.process.wait() == 2
    assert worker.process.stderr is not None
    assert b"what the worker sent is no frame" in worker.process.stderr.read()


def test_something_else_than_hello_ends_the_connection() -> None:
    with Worker(hello=None) as worker:
        worker.send({"type": "ping", "id": 1})
        assert worker.is_closed()


def test_interrupts_are_for_the_worker_to_heed(worker: Worker) -> None:
    assert worker.value("signals_itself", number=signal.SIGINT) == "still there"


def test_sigterm_ends_the_host(worker: Worker) -> None:
    worker.start("signals_itself", number=signal.SIGTERM)
    assert worker.is_closed()
    assert worker.process.wait() == -signal.SIGTERM


# ---- finding bodies


def described(worker: Worker, *modules: str) -> dict[str, dict[str, Any]]:
    worker.send({"type": "describe", "id": 500, "modules": list(modules)})
    header, _ = worker.receive()
    assert header["type"] == "described" and header["id"] == 500, header
    return {body["name"]: body for body in header["bodies"]}


def test_bodies_are_described(shared: Worker) -> None:
    bodies = described(shared, "sample")
    double = bodies["sample:double"]
    assert double.pop("source").startswith("sha256:")
    assert double == {
        "name": "sample:double",
        "input": {
            "type": "object",
            "properties": {"x": {"type": "number"}},
            "required": ["x"],
            "additionalProperties": False,
        },
        "output": {"type": "number"},
        "receives": "values",
        "isAsync": False,
        "summary": "Twice as much.",
    }
    assert bodies["sample:double_later"]["isAsync"] is True
    assert bodies["sample:Later"]["isAsync"] is True
    assert bodies["sample:outcomes"]["receives"] == "outcomes"
    renamed = bodies["sample:renamed"]
    assert (renamed["version"], renamed["summary"]) == ("2", "has another name")
    assert renamed["input"]["required"] == ["x"]
    assert "sample:undecorated" not in bodies and "sample:original" not in bodies
    assert list(bodies)[:3] == ["sample:double", "sample:renamed", "sample:double_later"]


def test_imported_bodies_are_not_described(shared: Worker) -> None:
    assert list(described(shared, "importing")) == ["importing:own"]


def test_a_module_that_does_not_load_is_told_with_its_frames(shared: Worker) -> None:
    shared.send({"type": "describe", "id": 501, "modules": ["sample", "broken"]})
    header, _ = shared.receive()
    error = header["error"]
    assert (header["type"], header["id"], error["type"]) == ("error", 501, "RuntimeError")
    broken = Path(__file__).parent / "bodies" / "broken.py"
    assert error["traceback"].splitlines() == [
        "RuntimeError: no configuration",
        f"    at load ({broken}:5)",
        f"    at <module> ({broken}:8)",
    ]
    assert error["at"] == f"{broken}:5"


def test_a_module_that_is_no_python_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "unreadable.py").write_text("x = 1\ndef f(:\n")
    with Worker(modules=tmp_path) as worker:
        worker.send({"type": "describe", "id": 502, "modules": ["unreadable"]})
        error = worker.receive()[0]["error"]
    assert error["type"] == "SyntaxError"
    assert error["at"] == f"{tmp_path / 'unreadable.py'}:2"


def test_a_module_that_is_none_is_told(shared: Worker) -> None:
    shared.send({"type": "describe", "id": 503, "modules": ["nowhere"]})
    error = shared.receive()[0]["error"]
    assert (error["type"], error["message"]) == ("ModuleNotFoundError", "No module named 'nowhere'")


# ---- calls


def test_functions_are_called(shared: Worker) -> None:
    assert shared.value("double", x=2) == 4
    assert shared.value("double_later", x=2) == 4
    assert shared.value("renamed", x=2) == 3
    assert shared.value("undecorated", x="as it is") == "as it is"
    assert shared.value("threads") == "MainThread"


def test_a_class_is_made_once(worker: Worker) -> None:
    assert worker.value("Counter", step=2) == {"calls": 2, "attempt": 2}
    assert worker.value("Counter", step=3) == {"calls": 5, "attempt": 2}
    assert worker.value("Later", x=3) == 3


def test_inputs_that_are_left_out_have_their_defaults(shared: Worker) -> None:
    assert shared.value("renamed", x=1, y=UNDEFINED) == 2


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "$.x is missing"),
        ({"x": "two"}, "$.x is str 'two'; a number is wanted"),
        ({"x": 1, "z": 1}, "$.z is none of sample:double, which takes x"),
        ({"x": True}, "$.x is bool True"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(shared: Worker, inputs: dict[str, Any], message: str) -> None:
    error = shared.error("double", **inputs)
    assert error["type"] == "InvalidInput"
    assert message in error["message"]


def test_inputs_become_what_the_hints_say(shared: Worker) -> None:
    assert shared.value("totals", items=[{"name": "tea", "price": 2}, {"name": "pot", "price": 0.5}]) == 2.5
    error = shared.error("totals", items=[{"name": "tea", "price": 2}, {"name": "pot"}])
    assert "$.items[1].price is missing" in error["message"]


def test_what_python_cannot_say_is_refused(shared: Worker) -> None:
    error = shared.error("same", x={"a": [{"$type": "class:Money", "value": 5}]})
    assert error["type"] == "NotDecodable"
    assert "$.x.a[0]" in error["message"] and "Money" in error["message"]


def test_a_result_that_is_no_value_is_refused(shared: Worker) -> None:
    error = shared.error("with_context_returned")
    assert error["type"] == "BodyMissing"
    error = shared.error("returns_odd")
    assert error["type"] == "NotEncodable"
    assert "$.a[1]" in error["message"] and "a object is no value" in error["message"]


def test_outcomes_are_received(shared: Worker) -> None:
    assert shared.value(
        "outcomes",
        a={"kind": "ok", "value": 5},
        b={"kind": "err", "error": {"type": "ValueError", "message": "no", "cause": {"type": "E", "message": "m"}}},
        c={"kind": "skipped", "reason": "gate_closed", "detail": {}},
    ) == [
        "Ok(value=5)",
        "Err(error=ErrorInfo(type='ValueError', message='no', traceback=None, at=None, "
        "cause=ErrorInfo(type='E', message='m', traceback=None, at=None, cause=None, errors=()), errors=()))",
        "Skipped(reason='gate_closed')",
    ]
    skipped = {"kind": "skipped", "reason": "gate_closed"}
    error = shared.error("outcomes", a={"kind": "ok", "value": "five"}, b=skipped, c=skipped)
    assert (error["type"], "$.a is str" in error["message"]) == ("InvalidInput", True)


def test_a_body_speaks_through_its_context(shared: Worker) -> None:
    last = {"at": {"$type": "date", "value": "2024-02-29T12:34:56.789Z"}}
    said: list[dict[str, Any]] = []
    answer, _ = shared.answer(shared.start("with_context", context={"lastHeartbeat": last}), said)
    assert answer["value"] == {"run": "run-1", "knot": "knot-1", "key": "run-1/knot-1", "last": last}
    id = answer["id"]
    assert said == [
        {"type": "heartbeat", "id": id, "details": {"done": 4}},
        {
            "type": "log",
            "id": id,
            "level": "warn",
            "message": "careful",
            "fields": {"left": 3, "odd": "<class 'object'>"},
        },
        {"type": "log", "id": id, "level": "info", "message": "1 of 2", "fields": {}},
        {"type": "extend", "id": id, "fragment": {"knots": []}},
    ]


@pytest.mark.parametrize("body", ["traced", "traced_later"])
def test_a_body_continues_the_trace_of_the_worker(shared: Worker, body: str) -> None:
    span = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer, _ = shared.answer(shared.start(body, context={"traceparent": span}))
    assert answer["value"] == [span, span]
    # The next call gets nothing of it.
    assert shared.value(body) == [None, None]


def test_large_details_of_a_heartbeat_are_refused(shared: Worker) -> None:
    error = shared.error("beats_too_much")
    assert error["type"] == "NotEncodable" and "9002 bytes" in error["message"]


def test_a_context_is_of_no_use_after_its_call(shared: Worker) -> None:
    assert shared.value("leaves_its_context") is None
    assert "has ended" in shared.value("uses_a_left_context")


# ---- errors


def test_an_error_is_told_with_its_cause(shared: Worker) -> None:
    error = shared.error("fails")
    sample = Path(__file__).parent / "bodies" / "sample.py"
    assert (error["type"], error["message"]) == ("ValueError", "x is missing")
    first, *frames = error["traceback"].splitlines()
    assert first == "ValueError: x is missing"
    assert [frame.split(" (")[0] for frame in frames] == ["    at fails"]
    assert error["at"].startswith(f"{sample}:")
    cause = error["cause"]
    assert (cause["type"], cause["message"]) == ("KeyError", "'x'")
    # The innermost frame comes first, as in JavaScript.
    assert [frame.split(" (")[0] for frame in cause["traceback"].splitlines()] == [
        "KeyError: 'x'",
        "    at fail_inside",
        "    at fails",
    ]
    assert shared.error("fails_later")["message"] == "later"
    assert "cause" not in shared.error("fails_without_cause")


def test_members_of_a_group_are_told(shared: Worker) -> None:
    error = shared.error("fails_as_group")
    assert error["type"] == "ExceptionGroup"
    assert [(member["type"], member["message"]) for member in error["errors"]] == [
        ("ValueError", "one"),
        ("Terminal", "other"),
    ]


def test_errors_say_whether_a_retry_can_help(shared: Worker) -> None:
    assert shared.error("never_again")["isTerminal"] is True
    again = shared.error("again")
    assert again["retryAfter"] == 1500 and "isTerminal" not in again


def test_errors_that_cannot_speak_are_told(shared: Worker) -> None:
    error = shared.error("fails_without_words")
    assert error["type"] == "Silent" and "RuntimeError" in error["message"]


def test_endless_recursion_is_an_error_of_moderate_size(shared: Worker) -> None:
    error = shared.error("recurses", n=0)
    assert error["type"] == "RecursionError"
    assert len(error["traceback"].splitlines()) == 62
    # Each level also takes space on the stack of the process.
    assert shared.error("recurses_in_c")["type"] == "RecursionError"


def test_exits_are_errors_of_the_body(shared: Worker) -> None:
    for body in ("exits", "exits_later"):
        error = shared.error(body)
        assert (error["type"], error["message"]) == ("SystemExit", "enough")
    assert shared.value("double", x=1) == 2


def test_a_hard_exit_is_the_end_of_the_host(worker: Worker) -> None:
    worker.start("exits_hard")
    assert worker.is_closed()
    assert worker.process.wait() == 3


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sample:dobule", "sample:double"),
        ("nowhere:double", "No module named 'nowhere'"),
        ("sample:double.inner", "sample:double"),
        ("sample:", "module:function"),
        ("sample:Item", "There is no body"),
        ("sample:_left", "There is no body"),
    ],
)
def test_unknown_bodies_are_told_with_near_names(shared: Worker, body: str, message: str) -> None:
    error = shared.error(body)
    assert error["type"] == "BodyMissing"
    assert message in error["message"]


def test_functions_that_cannot_be_bodies_are_told(shared: Worker) -> None:
    error = shared.error("with_position", x=1)
    assert error["type"] == "TypeError"
    assert "sample:with_position" in error["message"] and "parameter x" in error["message"]


# ---- cancelling


def test_a_plain_body_learns_that_it_is_cancelled(shared: Worker) -> None:
    for body, expected in (("waits", None), ("finishes", "cancelled in good order")):
        id = shared.start(body)
        shared.until(lambda header: header["type"] == "log")
        shared.send({"type": "cancel", "id": id, "reason": "timeout"})
        answer, _ = shared.answer(id)
        if expected is None:
            assert answer["error"]["type"] == "Cancelled" and "timeout" in answer["error"]["message"]
        else:
            assert answer["value"] == expected


def test_an_async_body_is_cancelled_as_a_task(shared: Worker) -> None:
    for body, expected in (("waits_later", None), ("cleans_up", "cleaned up")):
        id = shared.start(body)
        shared.until(lambda header: header["type"] == "log")
        shared.send({"type": "cancel", "id": id, "reason": "cancelled"})
        answer, _ = shared.answer(id)
        if expected is None:
            assert answer["error"]["type"] == "Cancelled"
            assert "at waits_later" in answer["error"]["traceback"]
        else:
            assert answer["value"] == expected


def test_a_call_that_is_cancelled_before_its_turn_does_not_run(shared: Worker) -> None:
    first, second = shared.start("finishes"), shared.start("double", x=1)
    shared.until(lambda header: header["type"] == "log")
    shared.send({"type": "cancel", "id": second, "reason": "cancelled"})
    shared.send({"type": "cancel", "id": first, "reason": "cancelled"})
    shared.answer(first)
    assert shared.answer(second)[0]["error"]["type"] == "Cancelled"


def test_a_late_cancel_is_passed_over(shared: Worker) -> None:
    id = shared.start("double", x=1)
    shared.answer(id)
    shared.send({"type": "cancel", "id": id, "reason": "cancelled"})
    assert shared.value("double", x=2) == 4


# ---- concurrency


def test_async_bodies_run_together(shared: Worker) -> None:
    shared.value("double_later", x=1)
    first = shared.start("meets", first=True)
    second = shared.start("meets", first=False)
    assert {shared.receive()[0]["id"], shared.receive()[0]["id"]} == {first, second}


def test_async_bodies_run_beside_a_plain_one(shared: Worker) -> None:
    shared.value("double_later", x=1)
    blocking = shared.start("finishes")
    shared.until(lambda header: header["type"] == "log")
    assert shared.value("double_later", x=2) == 4
    shared.send({"type": "cancel", "id": blocking, "reason": "cancelled"})
    assert shared.answer(blocking)[0]["value"] == "cancelled in good order"


def test_pings_are_answered_while_a_body_is_busy(shared: Worker, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    id = shared.start("spins", path=str(stop))
    for number in (900, 901):
        shared.send({"type": "ping", "id": number})
        assert shared.receive()[0] == {"type": "pong", "id": number}
    stop.touch()
    assert shared.answer(id)[0]["type"] == "value"


# ---- effects of bodies on the process


def test_what_bodies_print_is_theirs(worker: Worker) -> None:
    assert worker.value("prints") == "printed"
    assert worker.process.stdout is not None and worker.process.stderr is not None
    # They come before the host ends, so no buffer holds them back.
    assert worker.process.stdout.readline() == b"to standard output\n"
    assert worker.process.stderr.readline() == b"to standard error\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_child_of_a_body_does_not_speak(shared: Worker) -> None:
    said, status = shared.value("forks")
    assert "forked from the body host" in said
    assert status == "1"
    assert shared.value("double", x=1) == 2


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not list descriptors")
def test_programs_that_bodies_start_do_not_hold_the_connection(shared: Worker) -> None:
    assert shared.value("descriptors_of_a_program").strip() == "[]"


# ---- bytes


def test_large_bytes_travel_beside_the_header(shared: Worker) -> None:
    data = os.urandom(20_000_000)
    answer, attachments = shared.answer(shared.start("same", data, x={"deep": [BYTES_0]}))
    assert answer["value"] == {"deep": [BYTES_0]}
    assert attachments == [data]


def test_many_attachments_travel(shared: Worker) -> None:
    data = [os.urandom(1024) for _ in range(3000)]
    x = [{"$type": "attachment", "value": i} for i in range(3000)]
    answer, attachments = shared.answer(shared.start("same", *data, x=x))
    assert answer["value"] == x
    assert attachments == data


def test_deep_values_travel(shared: Worker) -> None:
    deep: Any = 0
    for _ in range(990):
        deep = [deep]
    assert shared.value("same", x=deep) == deep
    error = shared.error("same", x=[[[[[[[[[[[deep]]]]]]]]]]])
    assert error["type"] == "NotEncodable" and "1000 levels" in error["message"]


def test_small_bytes_stand_in_the_header(shared: Worker) -> None:
    assert shared.value("same", b"\x00\x01", x=BYTES_0) == {"$type": "bytes", "value": "AAE="}


def test_an_attachment_that_did_not_come_is_refused(shared: Worker) -> None:
    assert shared.error("same", x=BYTES_0)["type"] == "NotDecodable"


# ---- streams


def take_stream(worker: Worker, id: int) -> tuple[dict[str, Any], list[bytes]]:
    """Acts as the data store: takes a stream, one chunk at a time, and answers with its bytes."""
    opening, _ = worker.until(lambda header: header["type"] == "store")
    assert opening["id"] == id
    number = opening["stream"]
    chunks: list[bytes] = []
    while True:
        header, attachments = worker.receive()
        assert header["stream"] == number
        if header["type"] != "chunk":
            break
        chunks += attachments
        worker.send({"type": "more", "stream": number})
    if header["type"] == "end":
        digest = hashlib.sha256(b"".join(chunks)).hexdigest()
        value = {"hash": f"bytes-sha256:{digest}", "size": sum(map(len, chunks))}
        if "mediaType" in opening:
            value["mediaType"] = opening["mediaType"]
        worker.send({"type": "stored", "stream": number, "value": {"$type": "stored", "value": value}})
    return header, chunks


@pytest.mark.parametrize("body", ["stores", "stores_later"])
@pytest.mark.parametrize(("parts", "size"), [(0, 1), (5, 10), (3, 700_000), (1, 2_500_000)])
def test_bytes_are_streamed_into_the_store(shared: Worker, body: str, parts: int, size: int) -> None:
    id = shared.start(body, parts=parts, size=size)
    _, chunks = take_stream(shared, id)
    assert b"".join(chunks) == b"".join(bytes([i]) * size for i in range(parts))
    assert all(len(chunk) <= 1024 * 1024 for chunk in chunks)
    answer, _ = shared.answer(id)
    stored = answer["value"]["value"]
    assert stored["size"] == parts * size
    assert stored.get("mediaType") == ("application/test" if body == "stores" else None)


def test_small_parts_are_sent_together(shared: Worker) -> None:
    id = shared.start("stores", parts=100, size=100)
    assert [len(chunk) for chunk in take_stream(shared, id)[1]] == [10_000]
    shared.answer(id)


def test_bytes_that_are_there_are_stored(shared: Worker) -> None:
    data = os.urandom(3_000_000)
    id = shared.start("stores_bytes", data, data=BYTES_0)
    assert b"".join(take_stream(shared, id)[1]) == data
    shared.answer(id)


def test_files_are_stored(shared: Worker, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(1_500_000))
    id = shared.start("stores_file", path=str(file), mode="rb")
    assert sum(map(len, take_stream(shared, id)[1])) == 1_500_000
    shared.answer(id)
    id = shared.start("stores_file", path=str(file), mode="r")
    assert take_stream(shared, id)[0]["type"] == "failed"
    assert shared.answer(id)[0]["error"]["type"] == "TypeError"


def test_a_source_that_fails_ends_its_stream(shared: Worker) -> None:
    id = shared.start("stores_badly")
    last, _ = take_stream(shared, id)
    assert last["type"] == "failed" and "the disk is gone" in last["error"]["message"]
    assert shared.answer(id)[0]["error"]["type"] == "OSError"


def test_a_store_that_fails_ends_the_body(shared: Worker) -> None:
    id = shared.start("stores", parts=5, size=1_000_000)
    opening, _ = shared.until(lambda header: header["type"] == "store")
    shared.until(lambda header: header["type"] == "chunk")
    shared.send({"type": "failed", "stream": opening["stream"], "error": {"type": "StoreFull", "message": "full"}})
    error = shared.answer(id)[0]["error"]
    assert (error["type"], error["message"]) == ("StoreFull", "full")


def test_a_call_that_ends_leaves_no_stream_waiting(worker: Worker) -> None:
    id = worker.start("stores_later", parts=5, size=1_000_000)
    worker.until(lambda header: header["type"] == "store")
    worker.until(lambda header: header["type"] == "chunk")
    worker.send({"type": "cancel", "id": id, "reason": "cancelled"})
    said: list[dict[str, Any]] = []
    assert worker.answer(id, said)[0]["error"]["type"] == "Cancelled"
    assert [header["type"] for header in said] == ["failed"]
    # A thread that still waited for the worker would keep the process.
    worker.send({"type": "goodbye"})
    assert worker.is_closed()
    assert worker.process.wait() == 0


STORED = {"$type": "stored", "value": {"hash": "bytes-sha256:" + 64 * "0", "size": 2_000_000}}


def give_stream(worker: Worker, id: int, chunks: list[bytes]) -> None:
    """Acts as the data store: sends a stream, one chunk for each request."""
    opening, _ = worker.until(lambda header: header["type"] == "open")
    assert (opening["id"], opening["value"]) == (id, STORED)
    number = opening["stream"]
    for chunk in chunks:
        worker.send({"type": "chunk", "stream": number}, chunk)
        assert worker.receive()[0] == {"type": "more", "stream": number}
    worker.send({"type": "end", "stream": number})


@pytest.mark.parametrize(("body", "expected"), [("opens", [3, 1_999_997]), ("opens_later", 2_000_000)])
def test_stored_bytes_are_read(shared: Worker, body: str, expected: Any) -> None:
    id = shared.start(body, stored=STORED)
    give_stream(shared, id, [bytes(1_000_000), bytes(999_999), b"x"])
    assert shared.answer(id)[0]["value"] == expected


def test_a_reader_that_has_enough_ends_the_stream(shared: Worker) -> None:
    id = shared.start("opens_a_little", stored=STORED)
    opening, _ = shared.until(lambda header: header["type"] == "open")
    shared.send({"type": "chunk", "stream": opening["stream"]}, bytes(1_000_000))
    said: list[dict[str, Any]] = []
    answer, _ = shared.answer(id, said)
    assert answer["value"] == 3
    assert [header["type"] for header in said] == ["more", "failed"]
    # Chunks in transit are ignored.
    shared.send({"type": "chunk", "stream": opening["stream"]}, b"late")
    assert shared.value("double", x=1) == 2


def test_damaged_bytes_are_the_workers_error(shared: Worker) -> None:
    id = shared.start("opens", stored=STORED)
    opening, _ = shared.until(lambda header: header["type"] == "open")
    error = {"type": "ValueDamaged", "message": "not what it was"}
    shared.send({"type": "failed", "stream": opening["stream"], "error": error})
    assert shared.answer(id)[0]["error"]["type"] == "ValueDamaged"


def test_what_would_block_the_loop_is_refused(shared: Worker) -> None:
    error = shared.error("blocks_the_loop")
    assert error["type"] == "RuntimeError" and "store_async" in error["message"]
