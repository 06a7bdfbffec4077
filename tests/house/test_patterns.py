"""Regular expressions: each is linear, and none is made of what somebody typed (QUALITY A 35, 40)."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sertakan.kit import codes
from sertakan.places import rules as places

PACKAGE = Path(__file__).resolve().parent.parent.parent / "sertakan"
VERBS = ("match", "fullmatch", "search", "sub", "split", "findall", "finditer")
LENGTH, MOST_SECONDS = 100_000, 0.05
# not reached by anything a person types: our own style sheets and scripts, made small when the app starts
OURS = {"web/assets.py"}
# names that stand for a constant of the module inside a pattern, and the pattern's value
CONSTANTS = {"ALPHABET": codes.ALPHABET}
SHAPES = {"shape": tuple(places._SHAPES.values())}
Pattern = tuple[str, str, str]


def constant(node: ast.expr) -> tuple[str, ...]:
    """The pattern as written, with constants of our own in it; nothing when it is made of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.Name):
        return SHAPES.get(node.id, ())
    if isinstance(node, ast.JoinedStr):
        parts = [_part(part) for part in node.values]
        return ("".join(str(part) for part in parts),) if None not in parts else ()
    return ()


def _part(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    value = node.value if isinstance(node, ast.FormattedValue) else None
    return CONSTANTS.get(value.id) if isinstance(value, ast.Name) else None


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute | ast.Name):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            is_re = isinstance(owner, ast.Name) and owner.id == "re" and node.func.attr in (*VERBS, "compile")  # type: ignore[union-attr]
            if is_re or (isinstance(node.func, ast.Name) and node.func.id == "Regexp"):
                yield node


def patterns(path: Path) -> Iterator[tuple[ast.Call, tuple[str, ...], set[str]]]:
    """Each pattern of a module, and how it is used there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        id(node.value): node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for call in calls(tree):
        verb = call.func.attr if isinstance(call.func, ast.Attribute) else "match"
        if verb == "compile":
            name = named.get(id(call), "")
            used = {verb for verb in VERBS if re.search(rf"\b{re.escape(name)}\.{verb}\(", path.read_text(encoding="utf-8"))}
            yield call, constant(call.args[0]), used or set(VERBS[:3])
        else:
            yield call, constant(call.args[0]), {verb}


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.parts]
ALL: list[Pattern] = sorted(
    {
        (str(path.relative_to(PACKAGE)), text, verb)
        for path in MODULES
        for _call, texts, verbs in patterns(path)
        for text in texts
        for verb in verbs
    }
)
HOSTILE = [letter * LENGTH for letter in "1aA .-!,/\t\n(é[_+0"] + [
    "1" * LENGTH + "x",
    "!" * LENGTH + "x",
    " " * LENGTH + "x",
    "a" * LENGTH + "!",
    "a " * (LENGTH // 2) + "!",
    "1." * (LENGTH // 2) + "x",
    "1.000." * (LENGTH // 6),
    "Rp. " * (LENGTH // 4),
    "12-" * (LENGTH // 3) + "x",
    "!1" * (LENGTH // 2) + "a!1",
]


def slowest(pattern: str, verb: str) -> float:
    """Seconds of its own processor time for the worst of the hostile texts, the better of two tries each."""
    compiled = re.compile(pattern)
    run = (lambda text: compiled.sub("", text)) if verb == "sub" else lambda text: list(compiled.finditer(text))
    if verb in ("match", "fullmatch", "search", "split"):
        run = getattr(compiled, verb)
    worst = 0.0
    for text in HOSTILE:
        began = time.thread_time()
        run(text[-LENGTH // 10 :])  # what is quadratic shows here already
        if time.thread_time() - began > MOST_SECONDS:
            return time.thread_time() - began
        took = []
        for _ in range(2):
            began = time.thread_time()
            run(text)
            took.append(time.thread_time() - began)
            if took[-1] < MOST_SECONDS:
                break
        worst = max(worst, min(took))
        if worst > MOST_SECONDS:
            break
    return worst


@pytest.mark.parametrize(("where", "pattern", "verb"), [one for one in ALL if one[0] not in OURS])
def test_a40_no_regular_expression_takes_longer_than_50_ms_for_100_kb(where: str, pattern: str, verb: str) -> None:
    assert slowest(pattern, verb) < MOST_SECONDS


def test_a40_the_measure_sees_a_slow_one() -> None:
    """The control: a search that begins anew at every letter."""
    assert slowest(r"[\W\d_]+$", "search") > MOST_SECONDS


def test_a40_no_pattern_is_made_of_anything_but_our_own_words() -> None:
    made = [f"{path.name}:{call.lineno}" for path in MODULES for call, texts, _verbs in patterns(path) if not texts]
    assert len(ALL) > 20
    assert not made


def test_a35_nothing_is_evaluated_and_no_shell_or_template_is_made_of_text() -> None:
    forbidden = {"eval", "exec", "compile", "render_template_string", "from_string", "system", "popen", "__import__"}
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            shell = any(word.arg == "shell" and getattr(word.value, "value", True) for word in node.keywords)
            if shell or (name in forbidden and owner not in ("re", "typst")):
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {name}")
    assert not found
