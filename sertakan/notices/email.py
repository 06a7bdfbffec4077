"""The only mail code: one message to one address over SMTP, never inside a transaction.

`smtp://user:password@host:port` is plain with STARTTLS when the server offers it, `smtps://` is TLS from the start.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from types import TracebackType
from urllib.parse import unquote, urlsplit

from flask import current_app

from sertakan.db import refuse_inside_transaction
from sertakan.kit import clock
from sertakan.notices.rules import gateway_address, is_mobile, one_header_line, sender

TIMEOUT_SECONDS = 20
PORTS = {"smtp": 25, "smtps": 465}


class NotSent(Exception):
    """The server did not take the message; trying again later may help."""


class ServerAway(NotSent):
    """There is no server to talk to: neither this message nor any other goes out now."""


class BadAddress(Exception):
    """The server refuses this address for good; trying again does not help."""


@dataclass(frozen=True)
class Mail:
    """What goes out: `ref` makes the Message-ID, so that a message sent twice is seen as one by its reader's mail program."""

    ref: str
    to: str
    title: str
    body: str
    locale: str
    stop_url: str | None = None


def is_configured() -> bool:
    return bool(current_app.config["SETTINGS"].smtp_url)


def reaches_phones() -> bool:
    """Whether a message to a mobile number goes out: the demo shows it on its page, elsewhere an SMS gateway takes it by mail."""
    return bool(current_app.config["DEMO"] or current_app.config["SETTINGS"].sms_gateway)


def compose(mail: Mail) -> EmailMessage:
    """Plain text; a header holds one line of printable characters whatever was typed (QUALITY A 36)."""
    settings = current_app.config["SETTINGS"]
    name, address = parseaddr(settings.mail_from)
    host = urlsplit(settings.base_url).hostname or "localhost"
    message = EmailMessage()
    message["From"] = sender(address, name)
    message["To"] = _mailbox(mail.to)
    if not is_mobile(mail.to):  # a gateway would put it before the text
        message["Subject"] = one_header_line(mail.title)
    message["Date"] = format_datetime(clock.unmoved())
    message["Message-ID"] = f"<{mail.ref}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.stop_url:
        message["List-Unsubscribe"] = f"<{one_header_line(mail.stop_url)}>"
    message.set_content(mail.body, cte="quoted-printable")
    message["Content-Language"] = mail.locale
    return message


def _mailbox(to: str) -> str:
    return one_header_line(gateway_address(to, current_app.config["SETTINGS"].sms_gateway) if is_mobile(to) else to)


class Postman:
    """A connection to the mail server for several messages; opened at the first one."""

    def __init__(self) -> None:
        self._server: smtplib.SMTP | None = None

    def __enter__(self) -> "Postman":
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._close()

    def ready(self) -> None:
        """Be connected to a server that answers, so that what follows is the handing over alone. Raises ServerAway."""
        refuse_inside_transaction()
        try:
            if self._server is not None and self._server.noop()[0] != 250:
                self._close()
        except (OSError, smtplib.SMTPException):
            self._close()
        try:
            self._server = self._server or connect(current_app.config["SETTINGS"].smtp_url)
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(type(error).__name__) from error

    def send(self, mail: Mail) -> None:
        """Hand one message over. Raises NotSent (try again) or BadAddress (never)."""
        refuse_inside_transaction()
        try:
            message = compose(mail)
            self._server = self._server or connect(current_app.config["SETTINGS"].smtp_url)
            self._server.send_message(message, to_addrs=[_mailbox(mail.to)])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _text in error.recipients.values()]
            if all(500 <= code < 600 for code in codes):
                raise BadAddress(str(codes[0])) from error
            raise NotSent(str(codes)) from error
        except ValueError as error:  # a header that cannot be written
            raise BadAddress(type(error).__name__) from error
        except (OSError, smtplib.SMTPException) as error:
            away = self._server is None or not isinstance(error, smtplib.SMTPResponseException)
            self._close()
            raise (ServerAway if away else NotSent)(type(error).__name__) from error

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def connect(url: str) -> smtplib.SMTP:
    """Open and greet; signs in when the address names a user, then only over TLS or to this very machine."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or PORTS.get(parts.scheme, 25)
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        encrypted = parts.scheme == "smtps"
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if parts.username:
            if not encrypted and host not in {"127.0.0.1", "localhost", "::1"}:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS; the password stays here")
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
