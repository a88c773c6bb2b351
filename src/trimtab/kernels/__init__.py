"""The margin rules over columns: the engine's decisions for millions of accounts."""
