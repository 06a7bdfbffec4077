"""Everything from a bare machine, with the standard library only:

    python3 dev.py run     the demo: web, worker and pretend Stripe on loopback (PORT, default 8000; DATABASE_URL, default SQLite)
    python3 dev.py accounts   whom to sign in as in the demo, with the six-digit codes of this moment
    python3 dev.py test    all tests, on SQLite, then PostgreSQL, then in a browser; with arguments: one pytest run with them
    python3 dev.py check   lint, types, import contracts, security, translations, migrations; with arguments: only those
    python3 dev.py bench   our pages beside the limits of the machine; with arguments: only those cases
    python3 dev.py lock    write both requirements files anew from pyproject.toml (needs uv)

Whatever stops it is said in one sentence, with exit code 2. No syntax newer than Python 3.6 here, because an old Python must
reach its sentence.
"""

import base64
import contextlib
import ctypes
import hashlib
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn


def stop(sentence: str) -> NoReturn:
    """End with one sentence for a person; exit code 2."""
    sys.stdout.flush()
    sys.stderr.write(sentence + "\n")
    sys.exit(2)


def old_python(version: "tuple[int, ...]") -> str:
    """The sentence for a Python we cannot run on, or nothing."""
    if tuple(version[:2]) >= (3, 11):
        return ""
    return "Sertakan needs Python 3.11 or newer, and this is {}.{}; try `python3.11 dev.py`.".format(*version[:2])


if old_python(sys.version_info[:2]):
    stop(old_python(sys.version_info[:2]))

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "sertakan-locks.json"
RUN_LOCK, DEV_LOCK = "requirements.txt", "requirements-dev.txt"
OFFLINE = ("NewConnectionError", "name resolution", "Max retries", "No matching distribution", "timed out")
WAIT_S = 90.0
# what is started here keeps what it has compiled, whatever the machine says: else every process compiles all of it again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def say(line: str) -> None:
    print(line, flush=True)


# ---- set-up --------------------------------------------------------------------------------------------------------------------


def fingerprint(*paths: Path) -> str:
    """One hash of the contents of files, and of every .py and .po under folders."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(p for kind in ("*.py", "*.po") for p in path.rglob(kind)) if path.is_dir() else [path]
        for file in files:
            content = file.read_bytes() if file.exists() else b""
            digest.update(b"%s %d %s" % (str(file.relative_to(path.parent)).encode(), len(content), content))
    return digest.hexdigest()


def stamped(stamp: Path) -> dict[str, str]:
    """What a stamp remembers; nothing when it is missing or unreadable."""
    try:
        found = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def answers(command: Iterable[object], env: "Mapping[str, str] | None" = None) -> bool:
    """Does this command run and end well?"""
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run([str(part) for part in command], stdout=quiet, stderr=quiet, env=env, check=False)
    except OSError:
        return False
    return done.returncode == 0


def make_venv(venv: Path) -> None:
    """Debian without python3-venv can still make one without pip."""
    if answers([venv / "bin/python", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        return
    say("Making " + venv.name)
    make = [sys.executable, "-m", "venv", "--clear", venv]
    if not (answers(make) or answers([*make, "--without-pip"])):
        stop("This Python cannot make a virtual environment; on Debian and Ubuntu: sudo apt install python3-venv")


def pip_for(python: Path) -> list[str]:
    """The environment's own pip, else the system's pip pointed at the environment."""
    if answers([python, "-m", "pip", "--version"]):
        return [str(python), "-m", "pip"]
    for pip in ([sys.executable, "-m", "pip"], ["/usr/bin/python3", "-m", "pip"], ["pip3"]):
        if answers([*pip, "--python", python, "--version"]):
            return [*pip, "--python", str(python)]
    return stop("There is no pip on this machine; on Debian and Ubuntu: sudo apt install python3-venv python3-pip")


def install(python: Path, lock: Path) -> None:
    """Exactly what the lock says, checked by hash, only ready-built packages."""
    total = len(re.findall(r"^[A-Za-z0-9]", lock.read_text(), re.MULTILINE))
    say(f"Installing {total} packages from {lock.name}")
    command = [*pip_for(python), "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(lock)]
    tail: list[str] = []
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            tail = [*tail[-3:], line.strip()]
            fetched = line.startswith(("Collecting", "Processing"))
            seen += fetched or line.startswith("Requirement already")
            if fetched and seen % 15 == 0:
                say(f"  {seen} of {total}")
    if pip.returncode:
        why = "is this machine on a network?" if any(word in line for word in OFFLINE for line in tail) else "pip's last words:"
        stop("The packages of {} could not be installed; {}\n  {}".format(lock.name, why, "\n  ".join(tail)))


def set_up(lock_name: str) -> Path:
    """The Python of .venv with the lock installed; instant when its stamp says nothing changed. The dev lock holds the other."""
    python, names = VENV / "bin" / "python", [RUN_LOCK] if lock_name == RUN_LOCK else [RUN_LOCK, DEV_LOCK]
    wanted = {name: fingerprint(ROOT / name) for name in names}
    if python.exists() and {**wanted, "python": os.path.realpath(python)}.items() <= stamped(STAMP).items():
        return python
    if sys.platform == "win32":
        stop("Sertakan runs on Linux and macOS; on Windows use WSL.")
    make_venv(VENV)
    STAMP.unlink(missing_ok=True)
    install(python, ROOT / lock_name)
    STAMP.write_text(json.dumps({**wanted, "python": os.path.realpath(python)}))
    return python


def translate(python: Path) -> None:
    """Compile the catalogues whose compiled twin is missing or older."""
    catalogues = list((ROOT / "translations").glob("*/LC_MESSAGES/*.po"))
    if all(po.with_suffix(".mo").exists() and po.with_suffix(".mo").stat().st_mtime > po.stat().st_mtime for po in catalogues):
        return
    command = [str(python), "-m", "babel.messages.frontend", "-q", "compile", "-d", "translations"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        stop("The translations do not compile; see the line above.")


# ---- run -----------------------------------------------------------------------------------------------------------------------


def port_from(text: str) -> int:
    """PORT as a number; a wrong or taken one gets its sentence."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        stop(f"PORT must be a number from 1 to 65535, not {text!r}.")
    if not free(int(text)):
        stop(f"Port {text} is taken; choose another: PORT={int(text) % 65535 + 10} python3 dev.py run")
    return int(text)


def free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keep_secrets(instance: Path) -> dict[str, str]:
    """This machine's own secrets, made once, readable by its owner only."""
    file = instance / "secrets.env"
    instance.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SEAL_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "BLIND_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "STRIPE_API_KEY": "sk_test_" + secrets.token_hex(16),
            "STRIPE_WEBHOOK_SECRET": "whsec_" + secrets.token_hex(24),
        }
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.writelines(f"{name}={value}\n" for name, value in made.items())
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def demo_env(instance: Path, port: int, sandbox_port: int, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the demo; what is already set wins."""
    defaults = {
        **keep_secrets(instance),
        "SERTAKAN_DEMO": "1",
        "INSTANCE_PATH": str(instance),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port}",
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **given, "PORT": str(port)}


# Is the database of DATABASE_URL there, migrated and lived in? The address stands in the environment, never on a command line.
LIVED_IN = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", "", 1), connect_timeout=5) as known:
    tables = "SELECT 1 FROM alembic_version", "SELECT 1 FROM person LIMIT 1"
    raise SystemExit(not all(known.execute(table).fetchone() for table in tables))
"""


def there(python: Path, env: Mapping[str, str]) -> bool:
    """Is the prepared database still where it was?"""
    if not env.get("DATABASE_URL"):
        return (Path(env["INSTANCE_PATH"]) / "sertakan.db").exists()
    return answers([python, "-c", LIVED_IN], env)


def prepare(python: Path, env: Mapping[str, str]) -> None:
    """Migrate, load reference data and, into an empty database, the demo; skipped when nothing it depends on has changed."""
    instance = Path(env["INSTANCE_PATH"])
    stamp = instance / "prepared.json"
    parts = [ROOT / name for name in ("sertakan", "migrations", "translations", RUN_LOCK)]
    now = {"of": fingerprint(*parts), "url": hashlib.sha256(env.get("DATABASE_URL", "").encode()).hexdigest()}
    if stamped(stamp) == now and there(python, env):
        return
    say("Preparing the database and the demo")
    if subprocess.run([str(python), "-m", "flask", "--app", "wsgi", "dev", "prepare"], cwd=ROOT, env=env, check=False).returncode:
        stop("The database could not be prepared; the reason is above.")
    stamp.write_text(json.dumps(now))


class Part(NamedTuple):
    """One of the processes of the demo; health is the port that must answer /healthz, 0 when it has none."""

    name: str
    process: subprocess.Popen[bytes]
    health: int
    log: Path


def die_with_parent() -> None:
    """In the child, before exec: on Linux even a killed dev.py leaves no orphans."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start(name: str, command: list[str], env: Mapping[str, str], health: int = 0) -> Part:
    log = Path(env["INSTANCE_PATH"]) / "log" / (name + ".log")
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Part(name, process, health, log)


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def dead(parts: Iterable[Part]) -> str:
    """The sentence about the first part that has ended, or nothing."""
    for part in parts:
        if part.process.poll() is not None:
            tail = "\n  ".join(part.log.read_text(errors="replace").splitlines()[-8:])
            return f"The {part.name} ended by itself (code {part.process.returncode}); its last words in {part.log}:\n  {tail}"
    return ""


def wait_until_healthy(parts: list[Part]) -> None:
    until = time.monotonic() + WAIT_S
    for part in parts:
        while part.health and not healthy(part.health):
            if dead(parts) or time.monotonic() > until:
                raise RuntimeError(dead(parts) or f"The {part.name} does not answer; see {part.log}")
            time.sleep(0.03)


def end(parts: list[Part]) -> None:
    """Ask every process group to end, wait, then insist."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for how, patience_s in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
        for part in parts:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(part.process.pid, how)
        until = time.monotonic() + patience_s
        for part in parts:
            with contextlib.suppress(subprocess.TimeoutExpired):
                part.process.wait(max(0.0, until - time.monotonic()))


def welcome(instance: Path, address: str) -> None:
    say(f"\nSertakan serves at {address}   (English: {address}/en/)")
    with contextlib.suppress(OSError, ValueError):
        for account in json.loads((instance / "demo-accounts.json").read_text()):
            lasting = {name: value for name, value in account.items() if "angka" not in name}  # a code is old after half a minute
            say("  " + "   ".join(f"{name}: {value}" for name, value in lasting.items()))
    say("Six-digit codes of this moment: python3 dev.py accounts")
    say(f"Logs are in {instance / 'log'}. Stop with Ctrl-C.")


def instance_folder() -> Path:
    return Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance").resolve()


def interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def run(_args: list[str]) -> int:
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    port = port_from(os.environ.get("PORT") or "8000")
    sandbox_port = port + 1 if port < 65535 and free(port + 1) else any_port()
    instance = instance_folder()
    python = set_up(RUN_LOCK)
    translate(python)
    env = demo_env(instance, port, sandbox_port, os.environ)
    prepare(python, env)
    parts: list[Part] = []
    try:
        web = ["gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket"]
        parts.append(start("web", [str(python), "-m", *web, "--bind", f"127.0.0.1:{port}", "wsgi:app"], env, port))
        if env["STRIPE_API_BASE"].endswith(f":{sandbox_port}"):
            sandbox = ["sertakan.sandbox", "--port", str(sandbox_port), "--db", str(instance / "sandbox.db")]
            sandbox += ["--webhook-url", env["BASE_URL"] + "/stripe/webhook", "--webhook-secret", env["STRIPE_WEBHOOK_SECRET"]]
            parts.append(start("sandbox", [str(python), "-m", *sandbox], env, sandbox_port))
        wait_until_healthy(parts)
        parts.append(start("worker", [str(python), "-m", "flask", "--app", "wsgi", "jobs", "work"], env))
        welcome(instance, f"http://127.0.0.1:{port}")
        while not dead(parts):
            time.sleep(0.3)
        raise RuntimeError(dead(parts))
    except RuntimeError as error:
        end(parts)
        stop(str(error))
    except KeyboardInterrupt:
        say("\nStopping")
    end(parts)
    return 0


def accounts(_args: list[str]) -> int:
    env = demo_env(instance_folder(), 8000, 8001, {**os.environ, "LOG_LEVEL": "ERROR"})
    return subprocess.run(
        [str(set_up(RUN_LOCK)), "-m", "flask", "--app", "wsgi", "demo", "accounts"], cwd=ROOT, env=env
    ).returncode


# ---- the other commands --------------------------------------------------------------------------------------------------------


def in_venv(module: str) -> Callable[[list[str]], int]:
    """A command that is a module of ours, run by the Python of .venv with the dev lock installed."""

    def command(args: list[str]) -> int:
        python = set_up(DEV_LOCK)
        translate(python)
        return subprocess.run([str(python), "-m", module, *args], cwd=ROOT, check=False).returncode

    return command


def lock(_args: list[str]) -> int:
    uv = shutil.which("uv") or stop("`lock` needs uv: pipx install uv")
    options = ["--generate-hashes", "--universal", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet"]
    for name, group in ((RUN_LOCK, []), (DEV_LOCK, ["--group", "dev"])):
        subprocess.run([uv, "pip", "compile", "pyproject.toml", *options, *group, "-o", name], cwd=ROOT, check=True)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {"run": run, "accounts": accounts, "lock": lock}
COMMANDS.update({"test": in_venv("tests.suite"), "check": in_venv("tests.checks"), "bench": in_venv("tests.bench")})

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        stop((__doc__ or "").strip())
    try:
        sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
