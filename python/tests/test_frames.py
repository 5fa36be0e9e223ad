"""Frames interrupted by signals: the system then takes or gives a part."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from selvage.frames import Channel, Header


@pytest.fixture
def interrupted() -> Iterator[None]:
    """A signal every millisecond, which interrupts the main thread."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


DATA = [os.urandom(15_000_000), b"", os.urandom(5_000_000)]


def channels() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one.detach()), Channel(other.detach())


def assert_whole(frame: tuple[Header, list[bytes]] | None) -> None:
    assert frame is not None
    header, attachments = frame
    assert header == {"type": "x", "attachments": [len(part) for part in DATA]}
    assert attachments == DATA


def test_a_frame_is_received_whole(interrupted: None) -> None:
    sending, receiving = channels()
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(sending.send, {"type": "x"}, DATA)
        assert_whole(receiving.receive())
        sent.result()


def test_a_frame_is_sent_whole(interrupted: None) -> None:
    sending, receiving = channels()
    with ThreadPoolExecutor(1) as thread:
        received = thread.submit(receiving.receive)
        sending.send({"type": "x"}, DATA)
        assert_whole(received.result())
