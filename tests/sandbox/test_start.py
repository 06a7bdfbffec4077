"""Starting and stopping: no live key, no taken port, nothing of the app, only loopback."""

import ast
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import sertakan.sandbox
from tests.sandbox_process import Sandbox, start_sandbox

FOLDER = Path(str(sertakan.sandbox.__file__)).parent


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sertakan.sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env={**os.environ, **env})


def test_a_live_key_is_refused_with_one_sentence() -> None:
    for result in (run("--api-key", "sk_live_abc"), run(STRIPE_API_KEY="rk_live_abc")):
        assert result.returncode == 2
        assert "refuses to start with a live key" in result.stderr
        assert "abc" not in result.stderr


def test_a_taken_port_is_refused_with_one_sentence(sandbox: Sandbox) -> None:
    result = run("--port", sandbox.url.rsplit(":", 1)[1], STRIPE_API_KEY="")
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith("The sandbox cannot use port")


def test_it_stops_when_asked() -> None:
    sandbox = start_sandbox()
    with urllib.request.urlopen(f"{sandbox.url}/healthz", timeout=5) as answer:
        assert answer.read() == b"ok"
    sandbox.stop()
    assert sandbox.process.returncode == 0


def test_it_imports_nothing_of_the_app() -> None:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert all(name.startswith("sertakan.sandbox") for name in names if name.startswith("sertakan")), path


def test_starting_it_loads_neither_the_app_nor_a_database_library() -> None:
    code = (
        "import sys, sertakan.sandbox.__main__; print([m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'requests')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert result.stdout.strip() == "[]"
