"""The report of a replay: one HTML page that stands on its own, to read and to send on."""

from trimtab.apps.report.page import replay_report

__all__ = ["replay_report"]
