"""What a first visit costs: requests and compressed bytes, seen by a real browser; and Lighthouse where it is installed."""

import gzip
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response, sync_playwright

from dev import ROOT
from tests.bench.cases import PUBLIC, Bench
from tests.bench.servers import NotStarted
from tests.bench.table import Row, at_most, missing
from tests.suite import chromium

PHONE = {"width": 360, "height": 740}
LIGHTHOUSE = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
BARS_KB = {"document": 8.0, "script": 15.0, "stylesheet": 12.0}


def _size(response: Response) -> float:
    """Compressed KB of one answer: as sent when it was compressed, else as a proxy's gzip would send it."""
    body = response.body()
    if response.headers.get("content-encoding") or response.request.resource_type in ("image", "font"):
        return int(response.headers.get("content-length") or len(gzip.compress(body))) / 1024
    return len(gzip.compress(body, 6)) / 1024


def _visit(page: Page, address: str) -> dict[str, float]:
    """KB by kind of file, the sum, and the number of requests."""
    seen: list[Response] = []

    def see(response: Response) -> None:
        seen.append(response)

    page.on("response", see)
    answer = page.goto(address, wait_until="networkidle")
    if answer is None or answer.status != 200:
        raise NotStarted(f"{address} answered {answer and answer.status}")
    page.remove_listener("response", see)
    cost: dict[str, float] = {"requests": len(seen), "total": 0.0}
    for response in seen:
        kind = response.request.resource_type
        size = _size(response)
        cost[kind] = cost.get(kind, 0.0) + size
        cost["total"] += size
    return cost


def _rows(path: str, first: dict[str, float], second: dict[str, float]) -> list[Row]:
    rows = [
        at_most("P19", f"first visit of {path}, requests", first["requests"], 6, ""),
        at_most("P19", "  compressed", first["total"], 40, "KB"),
        at_most("P19", "  next page", second["total"], 8, "KB"),
    ]
    return rows + [at_most("P19", f"  {kind}", first.get(kind, 0.0), most, "KB") for kind, most in BARS_KB.items()]


def p19_first_visit(bench: Bench) -> list[Row]:
    """A phone with an empty cache opens a page, then another."""
    if not chromium():
        return [missing("P19", "first visit", "no Chromium")]
    rows = []
    with bench.instance("SQLite").serve("/healthz") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for number, path in enumerate(PUBLIC):
            context = browser.new_context(viewport=PHONE, service_workers="block")  # type: ignore[arg-type]
            page, root = context.new_page(), f"http://127.0.0.1:{server.port}"
            rows += _rows(path, _visit(page, root + path), _visit(page, root + PUBLIC[number - 1]))
            context.close()
        browser.close()
    return rows


def _lighthouse(address: str, folder: Path) -> dict[str, Any]:
    out = folder / "report.json"
    command = [shutil.which("node") or "node", str(LIGHTHOUSE), address, "--quiet", "--output=json", f"--output-path={out}"]
    command += ["--only-categories=" + ",".join(CATEGORIES), "--chrome-flags=--headless=new --no-sandbox"]
    env = {**os.environ, "CHROME_PATH": chromium()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode:
        raise NotStarted(done.stderr[-300:])
    found: dict[str, Any] = json.loads(out.read_text())["categories"]
    return found


def lighthouse(bench: Bench) -> list[Row]:
    """Mobile scores, each at least 98."""
    if not LIGHTHOUSE.exists() or not chromium():
        return [missing("LH", "Lighthouse mobile", "npm install --no-save lighthouse@12.8.2")]
    rows = []
    with bench.instance("SQLite").serve("/healthz") as server, tempfile.TemporaryDirectory() as folder:
        for path in ("/", "/lindungi", "/tarif"):
            scores = _lighthouse(f"http://127.0.0.1:{server.port}{path}", Path(folder))
            figures = [round(scores[name]["score"] * 100) for name in CATEGORIES]
            shown = " / ".join(map(str, figures))
            rows.append(Row("LH", f"Lighthouse mobile {path}", "", shown, "", "each >= 98", min(figures) >= 98))
    return rows
