"""The dashboard: pages of the service, drawn in the browser from its own API.

Plain modules and one set of style sheets, served as they lie here; charts by plotly.js out of the
installed package `plotly`. Nothing is fetched from anywhere else.
"""

from fastapi import APIRouter

from trimtab.apps.service.dashboard.history import History
from trimtab.apps.service.dashboard.reads import routes
from trimtab.apps.service.dashboard.static_routes import static_routes

__all__ = ["History", "dashboard_routes"]


def dashboard_routes() -> tuple[APIRouter, APIRouter]:
    """The pages (they ask for no key), and what they read below `/v1/dashboard` (they do).

    While the application runs, the second keeps a `History` of it as `app.state.history`.

    Raises:
        UsageError: the package `plotly` is not installed.
    """
    return static_routes(), routes
