"""HTML pages that stand on their own: about a replay, about health, about a portfolio margin."""

from trimtab.apps.report.health import health_report
from trimtab.apps.report.page import replay_report
from trimtab.apps.report.portfolio import portfolio_report

__all__ = ["health_report", "portfolio_report", "replay_report"]
