"""Static files: built once at start, named by their content, served compressed and for a year.

One stylesheet is made of a few files in a fixed order. `asset("css")` gives the address; nothing is ever fetched from elsewhere.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli
from flask import Blueprint, Flask, Response, abort, request

from sertakan.web.access import public

HERE = Path(__file__).parent / "static"
LAYERS = ("tokens", "base", "layout", "components", "helpers", "print")
FILES = {
    "font": "vendor/plus-jakarta-sans/pjs-500-800.woff2",
    "icons": "vendor/lucide/icons.svg",
    "logo": "img/logo.svg",
    "logo-maskable": "img/logo-maskable.svg",
    "icon-192": "img/icon-192.png",  # the logos as pixels, for launchers that take no SVG
    "icon-512": "img/icon-512.png",
    "maskable-512": "img/maskable-512.png",
    "touch-180": "img/touch-180.png",
    "js": "js/app.js",
}
TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "woff2": "font/woff2",
    "png": "image/png",
}
PACKED = {"woff2", "png"}  # compressed already


@dataclass(frozen=True)
class Asset:
    """One built file."""

    path: str
    body: bytes
    mime: str

    def encoded(self, name: str) -> bytes | None:
        """As `br` or `gzip`, made once, when the first browser asks for it; None for what is compressed already."""
        return None if self.path.rpartition(".")[2] in PACKED else _encoded(self.body, name)


@lru_cache(maxsize=32)
def _encoded(body: bytes, name: str) -> bytes:
    return brotli.compress(body, quality=11) if name == "br" else gzip.compress(body, 9, mtime=0)


def _squeeze_css(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,]) ?", r"\1", text).replace(";}", "}").strip()


def _squeeze_js(text: str) -> str:
    """Drops indentation, whole-line and block comments; nothing cleverer, so nothing can break."""
    text = re.sub(r"^\s*/\*.*?\*/\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _make(name: str, kind: str, body: bytes) -> Asset:
    mark = hashlib.sha256(body).hexdigest()[:10]
    return Asset(f"{name}.{mark}.{kind}", body, TYPES[kind])


def build() -> dict[str, Asset]:
    """Every asset by its short name."""
    built = {}
    for name, file in FILES.items():
        path = HERE / file
        if path.exists():
            body = path.read_bytes()
            kind = path.suffix[1:]
            built[name] = _make(name, kind, _squeeze_js(body.decode()).encode() if kind == "js" else body)
    text = "\n".join((HERE / "css" / f"{layer}.css").read_text(encoding="utf-8") for layer in LAYERS)
    built["css"] = _make("css", "css", _squeeze_css(text).replace("{{font}}", f"/static/{built['font'].path}").encode())
    return built


def _encoding(asset: Asset) -> tuple[str | None, bytes]:
    accepted = request.accept_encodings
    for name in ("br", "gzip"):
        packed = asset.encoded(name) if accepted[name] > 0 else None
        if packed is not None:
            return name, packed
    return None, asset.body


def respond(asset: Asset, cache: str) -> Response:
    """The file in the best encoding the browser takes."""
    encoding, body = _encoding(asset)
    response = Response(body, content_type=asset.mime)
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = "Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response


def init_assets(app: Flask) -> None:
    built = build()
    by_path = {asset.path: asset for asset in built.values()}
    app.extensions["assets"] = built
    routes = Blueprint("assets", __name__)

    @routes.get("/static/<path:path>")
    @public
    def file(path: str) -> Response:
        asset = by_path.get(path)
        if asset is None:
            abort(404)
        return respond(asset, "public, max-age=31536000, immutable")

    app.register_blueprint(routes)
    app.jinja_env.globals["asset"] = lambda name: f"/static/{built[name].path}"
    app.jinja_env.globals["has_endpoint"] = lambda name: name in app.view_functions
