"""The live risk engine: one writer thread behind a bounded queue, read models, an API, alerts."""
