"""The set-up: what it says when it cannot go on, and that it works only when something has changed."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import dev
from tests import checks, suite

NAME = re.compile(r"^([A-Za-z0-9._-]+)==([^ ]+)", re.MULTILINE)


def sentence(capsys: pytest.CaptureFixture[str], ended: pytest.ExceptionInfo[SystemExit]) -> str:
    assert ended.value.code == 2
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize(("version", "wanted"), [((3, 6), "3.6"), ((3, 10), "3.10"), ((2, 7), "2.7")])
def test_an_old_python_gets_a_sentence_with_its_version(version: tuple[int, int], wanted: str) -> None:
    assert dev.old_python(version) == f"Sertakan needs Python 3.11 or newer, and this is {wanted}; try `python3.11 dev.py`."


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 14), (4, 0)])
def test_a_python_of_today_gets_none(version: tuple[int, int]) -> None:
    assert dev.old_python(version) == ""


def test_dev_py_has_no_syntax_that_an_old_python_cannot_read() -> None:
    import ast

    tree = ast.parse((dev.ROOT / "dev.py").read_text(), feature_version=(3, 7))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.NamedExpr | ast.Match)]


def test_a_taken_port_gets_one_sentence_before_anything_is_installed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, str(dev.ROOT / "dev.py"), "run"]
        done = subprocess.run(command, env={**os.environ, "PORT": port}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Port {port} is taken; choose another: PORT=")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "８０００", "80 00"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        dev.port_from(port)
    assert sentence(capsys, ended) == f"PORT must be a number from 1 to 65535, not {port!r}."


def test_a_missing_pip_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dev, "answers", lambda command: False)
    with pytest.raises(SystemExit) as ended:
        dev.pip_for(Path("python"))
    assert "no pip on this machine" in sentence(capsys, ended)
    with pytest.raises(SystemExit) as ended:
        dev.make_venv(Path("nowhere"))
    assert sentence(capsys, ended).endswith("sudo apt install python3-venv")


def test_without_ensurepip_the_environment_is_made_without_pip_and_filled_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def bare_debian(command: list[object]) -> bool:
        asked.append([str(part) for part in command])
        return "--without-pip" in asked[-1] or "--python" in asked[-1]

    monkeypatch.setattr(dev, "answers", bare_debian)
    dev.make_venv(Path("venv"))
    assert dev.pip_for(Path("venv/bin/python")) == [sys.executable, "-m", "pip", "--python", "venv/bin/python"]
    assert [command for command in asked if "venv" in command[2:3]] == [
        [sys.executable, "-m", "venv", "--clear", "venv"],
        [sys.executable, "-m", "venv", "--clear", "venv", "--without-pip"],
    ]


def test_no_network_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        dev, "pip_for", lambda python: [sys.executable, "-c", "print('ERROR: No matching distribution'); exit(1)"]
    )
    (tmp_path / "requirements.txt").write_text("flask==3.1.3 \\\n    --hash=sha256:00\n")
    with pytest.raises(SystemExit) as ended:
        dev.install(Path(sys.executable), tmp_path / "requirements.txt")
    assert "could not be installed; is this machine on a network?" in sentence(capsys, ended)


def fake_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with locks and an environment, where installing is only written down."""
    installed: list[str] = []
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "locks.json")
    monkeypatch.setattr(dev, "make_venv", lambda venv: None)
    monkeypatch.setattr(dev, "install", lambda python, lock: installed.append(lock.name))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / dev.RUN_LOCK).write_text("flask==1\n")
    (tmp_path / dev.DEV_LOCK).write_text("flask==1\npytest==1\n")
    return installed


def test_the_second_set_up_installs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = fake_machine(tmp_path, monkeypatch)
    dev.set_up(dev.RUN_LOCK)
    dev.set_up(dev.RUN_LOCK)
    assert installed == [dev.RUN_LOCK]


def test_an_environment_made_to_run_grows_to_test_and_serves_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = fake_machine(tmp_path, monkeypatch)
    for lock in (dev.RUN_LOCK, dev.DEV_LOCK, dev.RUN_LOCK, dev.DEV_LOCK):
        dev.set_up(lock)
    assert installed == [dev.RUN_LOCK, dev.DEV_LOCK]


def test_a_changed_lock_or_another_python_installs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = fake_machine(tmp_path, monkeypatch)
    dev.set_up(dev.RUN_LOCK)
    (tmp_path / dev.RUN_LOCK).write_text("flask==2\n")
    dev.set_up(dev.RUN_LOCK)
    dev.STAMP.write_text(json.dumps({**dev.stamped(dev.STAMP), "python": "/usr/bin/python3.99"}))
    dev.set_up(dev.RUN_LOCK)
    dev.STAMP.write_text("half a st")
    dev.set_up(dev.RUN_LOCK)
    assert installed == [dev.RUN_LOCK] * 4


def test_a_broken_installation_leaves_no_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_machine(tmp_path, monkeypatch)
    dev.set_up(dev.RUN_LOCK)
    (tmp_path / dev.RUN_LOCK).write_text("flask==2\n")
    monkeypatch.setattr(dev, "install", lambda python, lock: dev.stop("no network"))
    with pytest.raises(SystemExit):
        dev.set_up(dev.RUN_LOCK)
    assert not dev.STAMP.exists()


def test_a_fingerprint_changes_with_content_and_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.py").write_text("1")
    before = dev.fingerprint(tmp_path / "a")
    (tmp_path / "a" / "one.py").rename(tmp_path / "a" / "two.py")
    renamed = dev.fingerprint(tmp_path / "a")
    (tmp_path / "a" / "two.py").write_text("2")
    assert len({before, renamed, dev.fingerprint(tmp_path / "a")}) == 3


@pytest.mark.parametrize("lock", [dev.RUN_LOCK, dev.DEV_LOCK])
def test_the_locks_hold_hashes_and_no_address(lock: str) -> None:
    text = (dev.ROOT / lock).read_text()
    assert "://" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE) if "==" in block)


def test_the_dev_lock_holds_the_other_with_the_same_versions() -> None:
    run, everything = (NAME.findall((dev.ROOT / lock).read_text()) for lock in (dev.RUN_LOCK, dev.DEV_LOCK))
    assert run
    assert set(run) <= set(everything)


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    first = dev.keep_secrets(tmp_path / "instance")
    assert first == dev.keep_secrets(tmp_path / "instance")
    assert stat.S_IMODE((tmp_path / "instance" / "secrets.env").stat().st_mode) == 0o600
    assert len(set(first.values())) == 5
    assert first != dev.keep_secrets(tmp_path / "other")


def test_a_database_counts_as_prepared_only_where_it_still_is(tmp_path: Path) -> None:
    python, env = Path(sys.executable), {**os.environ, "INSTANCE_PATH": str(tmp_path)}
    env.pop("DATABASE_URL", None)
    assert not dev.there(python, env)
    (tmp_path / "sertakan.db").touch()
    assert dev.there(python, env)
    nobody = f"postgresql://127.0.0.1:{dev.any_port()}/gone"
    assert not dev.there(python, {**env, "DATABASE_URL": nobody})


def test_a_second_start_prepares_nothing_and_a_vanished_database_is_prepared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[object] = []
    env, lived_in = {"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": "postgresql://here"}, [True]
    done = subprocess.CompletedProcess[bytes]([], 0)
    monkeypatch.setattr(dev.subprocess, "run", lambda command, **_: runs.append(command) or done)
    monkeypatch.setattr(dev, "there", lambda *_: lived_in[0])
    for _ in range(3):
        dev.prepare(Path(sys.executable), env)
    assert len(runs) == 1
    lived_in[0] = False
    dev.prepare(Path(sys.executable), env)
    assert len(runs) == 2


def test_what_the_environment_says_wins_over_the_defaults_of_the_demo(tmp_path: Path) -> None:
    env = dev.demo_env(tmp_path, 8123, 8124, {"STRIPE_API_KEY": "sk_test_mine", "DATABASE_URL": "postgresql://here"})
    assert env["STRIPE_API_KEY"] == "sk_test_mine"
    assert env["DATABASE_URL"] == "postgresql://here"
    assert env["BASE_URL"] == "http://127.0.0.1:8123"
    assert env["STRIPE_API_BASE"] == "http://127.0.0.1:8124"


def part(tmp_path: Path, code: str) -> dev.Part:
    return dev.start("helper", [sys.executable, "-c", code], {**os.environ, "INSTANCE_PATH": str(tmp_path)})


def test_a_part_that_dies_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = part(tmp_path, "print('the roof is gone'); exit(3)")
    broken.process.wait(20)
    assert dev.dead([broken]).startswith("The helper ended by itself (code 3)")
    assert dev.dead([broken]).endswith("the roof is gone")


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_end_takes_the_children_of_the_parts_along(tmp_path: Path) -> None:
    deaf = "import subprocess, sys, time; c = subprocess.Popen(['sleep', '300']); print(c.pid, flush=True); time.sleep(300)"
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    running = part(tmp_path, deaf)
    while not running.log.read_text().strip():
        assert not dev.dead([running])
    child = int(running.log.read_text())
    try:
        dev.end([running])
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert running.process.returncode == -signal.SIGTERM
    until = time.monotonic() + 10
    while alive(child) and time.monotonic() < until:
        pass
    assert not alive(child)


def test_the_sum_of_the_runs_counts_errors_as_failures() -> None:
    runs = [
        suite.Outcome("SQLite", 0, "12 passed, 1 skipped in 3.20s", []),
        suite.Outcome("PostgreSQL", 1, "2 failed, 10 passed, 1 error in 4.00s", []),
        suite.Outcome("Browser", 5, "no tests ran in 0.01s", []),
    ]
    assert suite.total(runs) == "22 passed, 3 failed, 1 skipped"


def test_a_run_that_must_be_whole_may_not_skip_the_browser(capsys: pytest.CaptureFixture[str]) -> None:
    run = suite.Outcome("Browser", 0, "1 passed, 1 skipped in 1.00s", ["SKIPPED [1] tests/browser: no Chromium"])
    assert suite.verdict([run], everything=False) == 0
    assert suite.verdict([run], everything=True) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Tests: 1 passed, 0 failed, 1 skipped"


def test_the_browser_is_looked_for_where_the_environment_says(tmp_path: Path) -> None:
    mine = tmp_path / "my-chromium"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    assert suite.chromium({"CHROMIUM_PATH": str(mine)}) == str(mine)


def test_every_fault_of_a_translation_is_found() -> None:
    wanted, have = Catalog(), Catalog()
    for sentence_ in ("Halo", "Sisa %(count)s bulan", "Kosong", "Ragu", "Baru"):
        wanted.add(sentence_)
    have.add("Halo", "Hello")
    have.add("Sisa %(count)s bulan", "%(number)s months left")
    have.add("Kosong", "")
    have.add("Ragu", "Doubt", flags=["fuzzy"])
    have.add("Lama", "Old")
    assert checks.translation_faults(wanted, have) == [
        "missing: 'Baru'",
        "other placeholders: 'Sisa %(count)s bulan'",
        "not translated: 'Kosong'",
        "fuzzy: 'Ragu'",
        "no longer used: 'Lama'",
    ]
