"""The shape of the house: sizes, the one commit, templates in use, the import contracts, no SQL from strings, no secrets in files."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sertakan import jobs
from sertakan.reports import health
from sertakan.runs.rules import SCHEDULE

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "sertakan"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html")) + sorted(PACKAGE.rglob("templates/**/*.txt"))
LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
Function = ast.FunctionDef | ast.AsyncFunctionDef


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *args], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield node


def test_no_module_is_longer_than_400_lines() -> None:
    sizes = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {name: size for name, size in sizes.items() if size > LONGEST_MODULE}


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{shown(path)}:{node.name}"
        for path in MODULES
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_there_is_one_commit_and_it_is_in_db() -> None:
    found = []
    for path in MODULES:
        if "sandbox" in path.parts:
            continue  # the pretend Stripe has a database of its own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                found.append(shown(path))
    assert found == ["sertakan/db.py"]


def test_every_module_says_what_it_is() -> None:
    bare = [shown(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not bare


def test_rooms_hold_no_code_in_their_init() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr) for node in body), shown(path)


@pytest.mark.parametrize("word", [r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b", r"\bpdb\b", r"(?<![\w.])print\("])
def test_nothing_is_left_lying_about(word: str) -> None:
    ours = [path for path in MODULES if path != PACKAGE / "sandbox/__main__.py"]  # a program, which may speak
    assert not [shown(path) for path in ours if re.search(word, path.read_text(encoding="utf-8"))]


# ---- templates -----------------------------------------------------------------------------------------------------------------


def name_of(path: Path) -> str:
    return str(path).split("/templates/", 1)[1]


def mentioned() -> str:
    """Everything that can name a template."""
    return "\n".join(path.read_text(encoding="utf-8") for path in [*MODULES, *TEMPLATES])


def test_every_template_is_used() -> None:
    text = mentioned()
    notices = {f"notices/{kind}.txt" for kind in re.findall(r"""["']([a-z_0-9]+)["']""", text)}
    unused = [name for name in map(name_of, TEMPLATES) if f'"{name}"' not in text and name not in notices]
    assert not unused


def test_every_template_that_is_named_is_there() -> None:
    named = set(re.findall(r'"([a-z_]+/[a-z_.0-9]+\.(?:html|txt))"', mentioned()))
    assert named <= set(map(name_of, TEMPLATES))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a27_no_template_has_inline_script_style_or_handler(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", text)
    assert "javascript:" not in text
    for script in re.findall(r"<script\b[^>]*>", text):
        assert " src=" in script, script
    assert not re.search(r"""(?:src|href|action)="https?://""", text) or name_of(path).startswith("sandbox/")


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a34_no_template_switches_escaping_off(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text


# ---- doors ---------------------------------------------------------------------------------------------------------------------


def test_the_doors_open_downwards_only() -> None:
    words = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main(args=['--no-cache']))"
    done = run("-c", words)
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]
    assert "0 broken" in done.stdout


def test_a33_no_sql_is_put_together_from_strings() -> None:
    done = run("-m", "bandit", "-q", "-r", "sertakan", "-t", "B608,B611", "-f", "json")
    found = json.loads(done.stdout)
    assert found["errors"] == []
    assert [f"{one['filename']}:{one['line_number']}" for one in found["results"]] == []
    assert found["metrics"]["_totals"]["loc"] > 5_000


def test_a33_the_scanner_sees_a_planted_hole(tmp_path: Path) -> None:
    hole = tmp_path / "hole.py"
    hole.write_text('def find(c, name):\n    return c.execute("SELECT * FROM worker WHERE name = \'" + name + "\'")\n')
    done = run("-m", "bandit", "-q", str(hole), "-t", "B608", "-f", "json")
    assert len(json.loads(done.stdout)["results"]) == 1


# ---- secrets -------------------------------------------------------------------------------------------------------------------

SECRETS = re.compile(
    r"sk_live_\w{8,}|rk_live_\w{8,}|whsec_[A-Za-z0-9]{24,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|xox[bap]-[0-9A-Za-z-]{10,}|eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}"
)


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_a51_no_file_of_the_repository_holds_a_secret() -> None:
    found = [shown(path) for path in tracked() if SECRETS.search(path.read_bytes().decode("utf-8", "ignore"))]
    assert not found


def test_a51_no_database_key_file_or_environment_is_in_the_repository() -> None:
    bad = (".db", ".sqlite", ".sqlite3", ".pem", ".key", ".p12", ".env")
    assert not [shown(path) for path in tracked() if path.name.endswith(bad) or path.name.startswith(".env")]


def test_a51_the_pattern_sees_a_planted_secret() -> None:
    assert SECRETS.search("STRIPE_API_KEY=sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc")


def test_every_job_has_its_period_and_its_name() -> None:
    """Without a period in `runs.rules` the clock never starts a job; without a name in `reports.health` no page shows it."""
    assert set(SCHEDULE) == set(jobs.JOBS) == set(health.JOBS)
