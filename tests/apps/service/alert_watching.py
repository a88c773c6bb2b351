"""Alerts for tests: looked at by hand, on a clock that is set, told to a sender that keeps them."""

from __future__ import annotations

from tests.apps.service.services import quiet
from trimtab.adapters.notices import Courier, Manners, Notice, SendError
from trimtab.apps.service.alert_rules import AlertFile, AlertRule
from trimtab.apps.service.alerting import Alerts
from trimtab.apps.service.running import Service
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD


class Collecting:
    """A sender that keeps what it is given, or fails."""

    name = "log"

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.fails = False

    def send(self, notice: Notice) -> None:
        if self.fails:
            raise SendError("no", again=False)
        self.told.append(notice)


def watching(*rules: AlertRule) -> tuple[Service, Alerts, Collecting]:
    service, sender = quiet(), Collecting()
    clock = service.clock
    courier = Courier(sender, Manners(tries_max=1, wait_first_s=0))
    file = AlertFile(rules, {}, 1.0)
    clocks = {"now_s": lambda: clock.now_ns() / 1e9, "clock_ns": clock.now_ns}
    alerts = Alerts(service, file, couriers={"log": courier}, **clocks)
    service.alerts = alerts
    courier.start()
    return service, alerts, sender


def said(notice: Notice) -> str:
    return f"{notice.details['key']} {notice.details['state']}"


def at_price(service: Service, price: int) -> None:
    service.writer.group([Work((c.SetPrices(0, (("ETH", price * WAD),)),), "desk")])
    service.board.refresh()
