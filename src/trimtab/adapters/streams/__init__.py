"""Streams of texts from outside: a WebSocket server, a NATS JetStream, logs of oracles on a chain.

They carry texts and numbers; what these mean is the caller's. Libraries of extras are imported
where they are first needed.
"""

from trimtab.adapters.streams.answers import Answer, AnswerLogs
from trimtab.adapters.streams.jetstream import JetStream, Place
from trimtab.adapters.streams.socket import SocketStream

__all__ = ["Answer", "AnswerLogs", "JetStream", "Place", "SocketStream"]
