"""Notices: webhooks and mail against local servers, tries, waits, dead letters."""

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from trimtab.adapters.notices import (
    Courier,
    EmailSender,
    LogSender,
    Manners,
    Notice,
    SendError,
    WebhookSender,
)
from trimtab.adapters.notices.senders import Mailbox
from trimtab.units import UsageError

NOTICE = Notice("rule.venue.1.raised", "rule: debt is high\r\nBcc: x@y", "warning", {"value": "7"})
QUICK = Manners(tries_max=4, wait_first_s=0.005, wait_max_s=0.02, queue_max=3)


@contextmanager
def webhook(answers: list[int]) -> Iterator[tuple[str, list[Any]]]:
    """A server that gives these answers in turn (the last for good); what it was told."""
    told: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((json.loads(body), dict(self.headers)))
            code = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(code)
            if code == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", told
    finally:
        server.shutdown()
        server.server_close()


def settled(courier: Courier, what: Any) -> None:
    end = time.monotonic() + 5
    while not (courier.idle() and what()):
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_webhook_gets_the_notice_once_it_answers() -> None:
    with webhook([500, 503, 429, 204]) as (url, told):
        courier = Courier(WebhookSender("desk", url, headers={"Authorization": "Bearer t"}), QUICK)
        courier.start()
        courier.post(NOTICE)
        settled(courier, lambda: courier.sent)
        courier.stop()
    assert len(told) == 4
    body, headers = told[-1]
    assert body == {
        "id": NOTICE.id,
        "title": NOTICE.title,
        "severity": "warning",
        "details": {"value": "7"},
    }
    assert {headers["Idempotency-Key"] for _, headers in told} == {NOTICE.id}
    assert headers["Authorization"] == "Bearer t"
    assert not courier.dead_letters


@pytest.mark.parametrize(("code", "tries"), [(500, 4), (400, 1), (404, 1), (302, 1)])
def test_what_is_given_up_is_a_dead_letter(code: int, tries: int) -> None:
    buried: list[Any] = []
    with webhook([code]) as (url, told):
        courier = Courier(WebhookSender("desk", url), QUICK, dead=buried.append)
        courier.start()
        courier.post(NOTICE)
        settled(courier, lambda: courier.dead_letters)
        assert len(told) == tries
        (letter,) = courier.dead_letters
        assert (letter.tries, letter.why, letter.notice) == (tries, f"answered {code}", NOTICE)
        assert buried == [letter]
        assert courier.retry() == 1
        settled(courier, lambda: len(told) == 2 * tries and courier.dead_letters)
        courier.stop()


def test_a_server_that_is_gone_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SendError) as error:
        WebhookSender("desk", f"http://127.0.0.1:{port}/").send(NOTICE)
    assert error.value.again
    for url in ("ftp://x", "file:///etc/passwd", "http://", "nonsense"):
        with pytest.raises(UsageError, match="http"):
            WebhookSender("desk", url)


def test_a_full_queue_buries_the_oldest() -> None:
    courier = Courier(LogSender("log", lambda _: None), QUICK)
    for number in range(5):
        courier.post(Notice(str(number), "t", "info", {}))
    assert [letter.notice.id for letter in courier.dead_letters] == ["0", "1"]
    assert {letter.why for letter in courier.dead_letters} == {"the queue was full"}
    courier.stop()
    assert [letter.notice.id for letter in courier.dead_letters] == list("01234")


@contextmanager
def mail_server(refuse: bool = False) -> Iterator[tuple[int, list[str]]]:
    """As much of an SMTP server as a mail needs."""
    mails: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 test")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self.say("354 go on")
                    text = b""
                    while not text.endswith(b"\r\n.\r\n"):
                        text += self.rfile.readline()
                    mails.append(text.decode())
                    self.say("250 taken")
                elif word == "RCPT" and refuse:
                    self.say("550 nobody here")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 test")

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], mails
    finally:
        server.shutdown()
        server.server_close()


def test_a_mail_has_one_subject_whatever_the_title_holds() -> None:
    with mail_server() as (port, mails):
        box = Mailbox("127.0.0.1", port, "a@example.org", ("b@example.org",), secure="none")
        EmailSender("mail", box).send(NOTICE)
    mail = message_from_string(mails[0])
    assert mail["Subject"] == "[warning] rule: debt is high Bcc: x@y"
    assert mail["Bcc"] is None
    assert mail["Message-ID"] == f"<{NOTICE.id}@trimtab>"
    assert "value: 7" in mail.get_payload()


def test_a_refused_recipient_is_not_tried_again() -> None:
    with mail_server(refuse=True) as (port, _):
        box = Mailbox("127.0.0.1", port, "a@example.org", ("b@example.org",), secure="none")
        with pytest.raises(SendError) as error:
            EmailSender("mail", box).send(NOTICE)
    assert not error.value.again


def test_manners_make_sense() -> None:
    for bad in ({"tries_max": 0}, {"wait_first_s": -1.0}, {"queue_max": 0}):
        with pytest.raises(UsageError):
            Manners(**bad)  # type: ignore[arg-type]
