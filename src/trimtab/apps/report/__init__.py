"""Reports of a replay and of health: HTML pages that stand on their own, to read and to send on."""

from trimtab.apps.report.health import health_report
from trimtab.apps.report.page import replay_report

__all__ = ["health_report", "replay_report"]
