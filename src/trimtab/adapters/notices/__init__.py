"""Notices out of the house: webhook, e-mail, log; tried again, and never lost silently."""

from trimtab.adapters.notices.courier import Courier, DeadLetter, Manners
from trimtab.adapters.notices.senders import (
    EmailSender,
    LogSender,
    Notice,
    Sender,
    SendError,
    WebhookSender,
)

__all__ = [
    "Courier",
    "DeadLetter",
    "EmailSender",
    "LogSender",
    "Manners",
    "Notice",
    "SendError",
    "Sender",
    "WebhookSender",
]
