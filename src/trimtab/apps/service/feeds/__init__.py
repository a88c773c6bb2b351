"""Where work comes from: replayed files, sockets, exchanges, chains. HTTP ingest is a route."""
