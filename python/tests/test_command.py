"""``python -m selvage``, and bodies as plain functions."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selvage import knot

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"


def selvage(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "selvage", *arguments],
        cwd=TESTS / "bodies",
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_describe_prints_the_same_document_each_time() -> None:
    first, second = selvage("describe", "sample", "importing"), selvage("describe", "sample", "importing")
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    names = [body["name"] for body in json.loads(first.stdout)["bodies"]]
    assert names[0] == "sample:double" and names[-1] == "importing:own"


def test_describe_fails_with_the_traceback_of_a_module() -> None:
    failed = selvage("describe", "broken")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "no configuration" in failed.stderr and "broken.py" in failed.stderr


def test_help_names_the_commands() -> None:
    assert "describe" in selvage("--help").stdout


def test_a_host_that_no_worker_started_says_so() -> None:
    alone = selvage("host")
    assert alone.returncode == 2
    assert "SELVAGE_BODY_FD" in alone.stderr


def test_decorated_bodies_stay_functions() -> None:
    @knot(name="other")
    def double(x: int) -> int:
        return 2 * x

    @knot
    class Triple:
        def process(self, x: int) -> int:
            return 3 * x

    assert double(2) == 4
    assert Triple().process(2) == 6


def test_what_is_no_body_is_not_decorated() -> None:
    with pytest.raises(TypeError, match="no method `process`"):
        knot(type("Empty", (), {}))
    with pytest.raises(TypeError, match="takes functions and classes"):
        knot(5)  # type: ignore[call-overload]


def test_the_package_needs_the_standard_library_alone() -> None:
    """Optional libraries are imported within functions, or in modules for their own values."""
    for file in (SOURCE / "selvage").glob("*.py"):
        if file.name == "models.py":  # imported where pydantic is
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            imported: list[Any] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported = [node.module]
            assert all(name.split(".")[0] in sys.stdlib_module_names for name in imported), (file, imported)
