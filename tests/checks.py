"""`python3 dev.py check`: what can be known without running the app's tests, one line per check. Arguments choose some."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from dev import demo_env

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "translations"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]")


class Failed(Exception):
    """A check that did not pass: the lines that say why, and one that sums up."""

    def __init__(self, lines: list[str], summary: str) -> None:
        super().__init__(summary)
        self.lines = lines


def output(args: Iterable[str], env: Mapping[str, str] = os.environ) -> tuple[int, list[str], str]:
    """Run our Python with these arguments: exit code, the lines that say something, and standard output as it is."""
    done = subprocess.run([sys.executable, *args], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return done.returncode, lines, done.stdout


def tool(*args: str) -> str:
    """A tool of its own; its last line."""
    code, lines, _ = output(args)
    if code:
        raise Failed(lines[-80:], lines[-1] if lines else f"code {code}")
    return lines[-1].strip() if lines else "nothing found"


# ---- translations --------------------------------------------------------------------------------------------------------------


def extracted() -> Catalog:
    """Every sentence the code and the templates hold now."""
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        words = ["-k", "_l", "-k", "N_", "-o", str(pot), "sertakan"]
        tool("-m", "babel.messages.frontend", "-q", "extract", "-F", "translations/babel.cfg", *words)
        return read_po(StringIO(pot.read_text()))


def sentences(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(part for part in text or ())  # type: ignore[attr-defined]


def faults(message: Message, wanted: Catalog) -> Iterator[str]:
    """What is wrong with one translation."""
    if message.fuzzy:
        yield "fuzzy"
    if message.id not in wanted:
        yield "no longer used"
    texts = sentences(message.string)
    if not texts or not all(texts):
        yield "not translated"
        return
    names = {name for text in sentences(message.id) for name in PLACEHOLDER.findall(text)}
    if any(set(PLACEHOLDER.findall(text)) != names for text in texts):
        yield "other placeholders"


def translation_faults(wanted: Catalog, have: Catalog) -> list[str]:
    """One line per sentence that is missing, fuzzy, unused, empty, or speaks of other placeholders."""
    found = [f"missing: {message.id!r}" for message in wanted if message.id and message.id not in have]
    return found + [f"{fault}: {message.id!r}" for message in have if message.id for fault in faults(message, wanted)]


def translations() -> str:
    wanted = extracted()
    bad = []
    for po in sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")):
        bad += [f"{po.parts[-3]}: {line}" for line in translation_faults(wanted, read_po(StringIO(po.read_text())))]
    if bad:
        raise Failed(bad, f"{len(bad)} sentences to put right")
    return f"{len(wanted)} sentences, all translated"


# ---- migrations ----------------------------------------------------------------------------------------------------------------


def flask(args: Iterable[str], env: dict[str, str]) -> list[str]:
    """Run a `flask` command on a database of its own; its lines, or Failed."""
    code, lines, _ = output(["-m", "flask", "--app", "wsgi", *args], env)
    if code:
        raise Failed(lines[-40:], "flask " + " ".join(args) + " failed")
    return lines


def migrations() -> str:
    with tempfile.TemporaryDirectory() as folder:
        given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        env = demo_env(Path(folder), 8000, 8001, {**given, "INSTANCE_PATH": folder})
        heads = [line for line in flask(["db", "heads"], env) if "(head)" in line]
        if len(heads) != 1:
            raise Failed(heads, f"{len(heads)} heads")
        flask(["db", "upgrade"], env)
        flask(["db", "check"], env)
        flask(["db", "downgrade", "base"], env)
        flask(["db", "upgrade"], env)
    return f"one head, equal to the models, down and up again: {heads[0]}"


# ---- the list ------------------------------------------------------------------------------------------------------------------


def security() -> str:
    """bandit finds nothing of medium or high severity."""
    report = json.loads(output(["-m", "bandit", "-q", "-r", "sertakan", "-f", "json"])[2])
    serious = [found for found in report["results"] if found["issue_severity"] in ("MEDIUM", "HIGH")]
    if serious or report["errors"]:
        lines = [f"{found['filename']}:{found['line_number']} {found['test_id']} {found['issue_text']}" for found in serious]
        raise Failed(lines + [str(error) for error in report["errors"]], f"{len(serious)} findings of medium or more")
    return f"nothing of medium or more in {report['metrics']['_totals']['loc']} lines"


LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main(args=['--no-cache']))"
CHECKS = {
    "lint": lambda: tool("-m", "ruff", "check", "."),
    "format": lambda: tool("-m", "ruff", "format", "--check", "."),
    "types": lambda: tool("-m", "mypy"),
    "imports": lambda: tool("-c", LINT_IMPORTS),
    "security": security,
    "translations": translations,
    "migrations": migrations,
}


def passes(name: str) -> bool:
    """Run one check and print its line."""
    began = time.monotonic()
    try:
        word, result, details = "ok", CHECKS[name](), []
    except Failed as failed:
        word, result, details = "FAILED", str(failed), failed.lines
    print(f"{word:7}{name:13}{time.monotonic() - began:6.1f} s  {result}", flush=True)
    for line in details:
        print("       " + line, flush=True)
    return word == "ok"


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"No check is called {unknown[0]}; there are: {', '.join(CHECKS)}")
        return 2
    failed = [name for name in names or CHECKS if not passes(name)]
    print("check: " + ("failed: " + ", ".join(failed) if failed else "all good"))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
