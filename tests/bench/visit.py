"""What a first visit costs: requests and compressed bytes, seen by a real browser; and Lighthouse where it is installed."""

import gzip
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright

from dev import ROOT
from tests.bench.cases import PUBLIC, Bench
from tests.bench.servers import NotStarted
from tests.bench.table import Row, at_most, missing
from tests.suite import chromium

PHONE = {"width": 360, "height": 740}
LIGHTHOUSE = ROOT / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices")
BARS_KB = {"Document": 8.0, "Script": 15.0, "Stylesheet": 12.0}


@dataclass
class Wire:
    """What the browser's network log says since it was last emptied: requests sent, and KB that came, by kind of file."""

    requests: int = 0
    kinds: dict[str, str] = field(default_factory=dict)
    kb: dict[str, float] = field(default_factory=dict)

    def listen(self, session: CDPSession) -> None:
        session.on("Network.responseReceived", self.received)
        session.on("Network.loadingFinished", self.finished)
        session.send("Network.enable")

    def received(self, event: dict[str, Any]) -> None:
        cached = event["response"].get("fromDiskCache") or event["response"]["encodedDataLength"] == 0
        if not cached and event["response"]["url"].startswith("http"):
            self.requests += 1
            self.kinds[event["requestId"]] = event["type"]

    def finished(self, event: dict[str, Any]) -> None:
        kind = self.kinds.get(event["requestId"])
        if kind:
            self.kb[kind] = self.kb.get(kind, 0.0) + event["encodedDataLength"] / 1024

    def empty(self) -> None:
        self.requests, self.kinds, self.kb = 0, {}, {}


def _visit(page: Page, wire: Wire, address: str) -> dict[str, float]:
    """KB by kind of file, the sum, and the number of requests. A page sent plain is counted as a proxy's gzip would send it."""
    wire.empty()
    answer = page.goto(address, wait_until="networkidle")
    if answer is None or answer.status != 200:
        raise NotStarted(f"{address} answered {answer and answer.status}")
    if not answer.headers.get("content-encoding"):
        wire.kb["Document"] = len(gzip.compress(answer.body(), 6)) / 1024
    return {"requests": wire.requests, "total": sum(wire.kb.values()), **wire.kb}


def _rows(path: str, first: dict[str, float], second: dict[str, float]) -> list[Row]:
    rows = [
        at_most("P19", f"first visit of {path}, requests", first["requests"], 6, ""),
        at_most("P19", "  compressed", first["total"], 40, "KB"),
        at_most("P19", "  next page", second["total"], 8, "KB"),
    ]
    return rows + [at_most("P19", f"  {kind.lower()}", first.get(kind, 0.0), most, "KB") for kind, most in BARS_KB.items()]


def p19_first_visit(bench: Bench) -> list[Row]:
    """A phone with an empty cache opens a page, then another."""
    if not chromium():
        return [missing("P19", "first visit", "no Chromium")]
    rows = []
    with bench.instance("SQLite").serve("/healthz") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for number, path in enumerate(PUBLIC):
            context = browser.new_context(viewport=PHONE, service_workers="block")  # type: ignore[arg-type]
            page, wire, root = context.new_page(), Wire(), f"http://127.0.0.1:{server.port}"
            wire.listen(context.new_cdp_session(page))
            rows += _rows(path, _visit(page, wire, root + path), _visit(page, wire, root + PUBLIC[number - 1]))
            context.close()
        browser.close()
    return rows


def _lighthouse(address: str, folder: Path, cookie: str = "") -> dict[str, Any]:
    """Scores by category; with `cookie` as somebody who is signed in."""
    out = folder / "report.json"
    command = [shutil.which("node") or "node", str(LIGHTHOUSE), address, "--quiet", "--output=json", f"--output-path={out}"]
    command += ["--only-categories=" + ",".join(CATEGORIES), "--chrome-flags=--headless=new --no-sandbox"]
    if cookie:
        command += ["--extra-headers", json.dumps({"Cookie": cookie})]
    env = {**os.environ, "CHROME_PATH": chromium()}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)
    if done.returncode:
        raise NotStarted(done.stderr[-300:])
    report = json.loads(out.read_text())
    if report["finalDisplayedUrl"] != address:
        raise NotStarted(f"{address} led to {report['finalDisplayedUrl']}")
    found: dict[str, Any] = report["categories"]
    return found


def lighthouse(bench: Bench) -> list[Row]:
    """Mobile scores, each at least 98."""
    if not LIGHTHOUSE.exists() or not chromium():
        return [missing("LH", "Lighthouse mobile", "npm install --no-save lighthouse@12.8.2")]
    resident = bench.instance("SQLite").ask("resident")
    if not isinstance(resident, dict):
        raise NotStarted("no resident")
    pages = {"/": "", "/lindungi": "", "/tarif": "", resident["path"]: resident["cookie"]}
    rows = []
    with bench.instance("SQLite").serve("/healthz") as server, tempfile.TemporaryDirectory() as folder:
        for path, cookie in pages.items():
            scores = _lighthouse(f"http://127.0.0.1:{server.port}{path}", Path(folder), cookie)
            figures = [round(scores[name]["score"] * 100) for name in CATEGORIES]
            shown = " / ".join(map(str, figures))
            what = "/dukungan/<code>, signed in" if cookie else path
            rows.append(Row("LH", f"Lighthouse mobile {what}", "", shown, "", "each >= 98", min(figures) >= 98))
    return rows
