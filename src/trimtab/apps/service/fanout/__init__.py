"""The stream's own process: it serves every reader, so that readers cost the writer nothing.

```text
the service                                    the stream's process (`python -m ...fanout`)
  hub.py       makes each frame once             service_end.py  hears the service, takes sockets
  upgrade.py   who may read; hands the socket    crowd.py        all readers: frames, limits, counts
  process.py   starts it, and starts it again    reader.py       one connection and its state
  link.py      never waits for it                outgoing.py     what waits for one reader
                     \\____ wire.py: messages ____/ whole.py        the snapshot of now
```

The process imports neither the engine nor the web framework.
"""
