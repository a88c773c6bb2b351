"""The outside world: files now; exchanges, chains and stores later. Only apps import it."""
