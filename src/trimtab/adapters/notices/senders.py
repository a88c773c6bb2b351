"""Ways to send a notice. Each sends once and says whether trying again makes sense."""

import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Protocol
from urllib.parse import urlsplit

from trimtab.units import UsageError

TIMEOUT_S = 10.0
# Answers of a webhook after which the same notice may be welcome later.
LATER = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: its identity (the same for the same fact), a title, and plain details."""

    id: str
    title: str
    severity: str
    details: Mapping[str, Any]


class SendError(Exception):
    """A notice that was not sent. `again` says whether trying again makes sense."""

    def __init__(self, what: str, *, again: bool) -> None:
        super().__init__(what)
        self.again = again


class Sender(Protocol):
    """Sends one notice, once."""

    name: str

    def send(self, notice: Notice) -> None:
        """Send it; SendError where it was not taken."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """A webhook that points elsewhere is refused: a notice goes where its rules say."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


class WebhookSender:
    """Posts a notice as JSON. Its id is the header Idempotency-Key."""

    def __init__(self, name: str, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """A sender to an address.

        Raises:
            UsageError: an address that is neither https nor http.
        """
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UsageError(f"the webhook {name!r} has no http or https address")
        self.name = name
        self._url = url
        self._headers = dict(headers or {})
        self._opener = urllib.request.build_opener(_Stay)

    def send(self, notice: Notice) -> None:
        """Post it; any answer of 200 to 299 is a success."""
        body = {"id": notice.id, "title": notice.title, "severity": notice.severity}
        request = urllib.request.Request(
            self._url,
            data=json.dumps(body | {"details": dict(notice.details)}).encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": notice.id,
                "User-Agent": "trimtab",
                **self._headers,
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                answer.read(1024)
        except urllib.error.HTTPError as error:
            error.close()
            again = error.code >= 500 or error.code in LATER
            raise SendError(f"answered {error.code}", again=again) from None
        except (OSError, urllib.error.URLError) as error:
            raise SendError(f"not reached: {error}", again=True) from None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail server, and from whom to whom; `secure` is starttls, tls or none."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    secure: str = "starttls"
    user: str = ""
    password: str = ""


class EmailSender:
    """Mails a notice by SMTP."""

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self.name = name
        self._mailbox = mailbox

    def send(self, notice: Notice) -> None:
        """Mail it; refused recipients and logins are not tried again."""
        box = self._mailbox
        message = EmailMessage()
        # A line break in a header would begin another one.
        message["Subject"] = " ".join(f"[{notice.severity}] {notice.title}".split())[:200]
        message["From"], message["To"] = box.sender, ", ".join(box.to)
        message["Message-ID"] = f"<{notice.id}@trimtab>"
        lines = [f"{name}: {value}" for name, value in notice.details.items()]
        message.set_content("\n".join([notice.title, "", *lines]))
        try:
            with self._connected() as server:
                if box.user:
                    server.login(box.user, box.password)
                server.send_message(message)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPRecipientsRefused) as error:
            raise SendError(type(error).__name__, again=False) from None
        except (OSError, smtplib.SMTPException) as error:
            raise SendError(f"{type(error).__name__}: {error}", again=True) from None

    def _connected(self) -> smtplib.SMTP:
        box, context = self._mailbox, ssl.create_default_context()
        if box.secure == "tls":
            return smtplib.SMTP_SSL(box.host, box.port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(box.host, box.port, timeout=TIMEOUT_S)
        if box.secure == "starttls":
            server.starttls(context=context)
        return server


class LogSender:
    """Writes a notice into the log that it is given."""

    def __init__(self, name: str, write: Callable[[Notice], object]) -> None:
        self.name = name
        self._write = write

    def send(self, notice: Notice) -> None:
        """Write it."""
        self._write(notice)
