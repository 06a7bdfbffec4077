"""Sealing personal data at rest and finding it again (QUALITY A 47 to 49).

AES-256-GCM with a fresh 96-bit nonce; the associated data binds a ciphertext to its table, row and field, so a moved one does
not open. The key's id stands in the token, so keys can be changed while old values still open. Equality search uses HMAC-SHA-256
under a key of its own.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class CannotOpen(RuntimeError):
    """A sealed value does not belong here, was changed, or its key is gone."""


class Keyring:
    """The keys of one installation. The current key seals; every known key opens."""

    def __init__(self, seal_keys: Mapping[str, bytes], current: str, blind_key: bytes) -> None:
        for name, key in {**seal_keys, "blind": blind_key}.items():
            if len(key) != 32 or len(set(key)) < 8:
                raise ValueError(f"key {name} must be 32 random bytes")
        if any("." in name for name in seal_keys):
            raise ValueError("the name of a key stands before the dot of a token, so it has none itself")
        if current not in seal_keys or blind_key in seal_keys.values():
            raise ValueError("the current key must be known, and the blind key must differ from every sealing key")
        self._keys = {name: AESGCM(key) for name, key in seal_keys.items()}
        self.current, self._blind_key = current, blind_key

    def seal(self, plain: str, context: str) -> str:
        """`<key id>.<base64 of nonce and ciphertext>`."""
        nonce = os.urandom(NONCE)
        sealed = self._keys[self.current].encrypt(nonce, plain.encode(), context.encode())
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, token: str, context: str) -> str:
        """The plain text; CannotOpen when the value was moved to another row or field, or changed."""
        name, _, body = token.partition(".")
        try:
            raw = base64.urlsafe_b64decode(body)
            return self._keys[name].decrypt(raw[:NONCE], raw[NONCE:], context.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as error:
            raise CannotOpen(context.split(":")[0]) from error

    def reseal(self, token: str, context: str) -> str:
        """The same value under the current key; unchanged when it already is."""
        return token if token.startswith(f"{self.current}.") else self.seal(self.open(token, context), context)

    def blind(self, value: str, purpose: str) -> bytes:
        """32 bytes by which equal values of one purpose are found."""
        return hmac.digest(self._blind_key, f"{purpose}\0{value}".encode(), hashlib.sha256)
