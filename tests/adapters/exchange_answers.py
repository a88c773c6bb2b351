"""Two exchanges that answer over HTTP without a network, for ccxt to ask.

Nothing here was recorded: the bodies are made by hand in the shapes that the exchanges document for
their public REST interfaces (Binance USDⓈ-M futures v1, Bybit v5), field by field, with
numbers as text where the exchange writes text. Prices follow a formula, so that any page of any
history can be answered, with the page limits and the order that each exchange has. ccxt's own
session sends to them: signing of addresses, paging, parsing and error codes are ccxt's real ones.
"""

from __future__ import annotations

import json
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

import requests

HOUR_MS = 3_600_000
NOW_MS = 1_700_006_400_000 + 1_800_000  # 2023-11-15T00:30:00Z
LISTED_MS = 1_690_000_000_000 // HOUR_MS * HOUR_MS
TICKERS = {"BTC": 34_000, "ETH": 2_000}


def close_text(base, open_ms):
    """The close of a candle: exact to eight places, and different in each."""
    hour = open_ms // HOUR_MS
    return f"{TICKERS[base] + hour % 997}.{hour % 90_000_000:08d}"


def rate_text(at_ms):
    return f"{'-' if at_ms // HOUR_MS % 16 else ''}0.000{at_ms // HOUR_MS % 10_000:04d}"


class Answers(requests.adapters.BaseAdapter):
    """A transport for a session: routes by path, counts what was asked, and can be made to fail.

    faults: (HTTP status, body) or exceptions that are used up, one a request, before any answer.
    """

    def __init__(self, routes, *, now_ms=NOW_MS):
        super().__init__()
        self.routes = routes
        self.now_ms = now_ms
        self.asked = []
        self.faults = []

    def send(self, request, **_options):
        address = urlsplit(request.url)
        query = dict(parse_qsl(address.query))
        self.asked.append((address.path, query))
        status, body = 200, None
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, BaseException):
                raise fault
            status, body = fault
        if body is None:
            body = self.routes[address.path](query, self.now_ms)
        response = requests.Response()
        response.status_code = status
        response.reason = "OK" if status == 200 else "Error"
        response.url = request.url
        response.request = request
        response._content = (body if isinstance(body, str) else json.dumps(body)).encode()
        return response

    def close(self):
        pass

    def counts(self):
        return Counter(path for path, _ in self.asked)


def _opens(query, now_ms, *, start, end, limit, most):
    """The opening times of the candles that an exchange would answer with, oldest first."""
    first = max(-(-int(query.get(start, 0)) // HOUR_MS) * HOUR_MS, LISTED_MS)
    last = min(int(query.get(end, now_ms)), now_ms)
    count = min(int(query.get(limit, most)), most)
    return range(first, last + 1, HOUR_MS)[:count]


def binance_symbol(base):
    return {
        "symbol": f"{base}USDT",
        "pair": f"{base}USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": LISTED_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "39.86",
                "maxPrice": "306177",
                "tickSize": "0.01",
            },
            {
                "filterType": "LOT_SIZE",
                "stepSize": "0.001",
                "minQty": "0.001",
                "maxQty": "10000",
            },
            {"filterType": "MIN_NOTIONAL", "notional": "20"},
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _binance_candles(query, now_ms):
    base = (query.get("symbol") or query["pair"]).removesuffix("USDT")
    opens = _opens(query, now_ms, start="startTime", end="endTime", limit="limit", most=100)
    return [
        [
            at,
            close_text(base, at - HOUR_MS),
            "99999.90",
            "1.10",
            close_text(base, at),
            "1203.443",
            at + HOUR_MS - 1,
            "2406886.10",
            5021,
            "601.7",
            "1203443.05",
            "0",
        ]
        for at in opens
    ]


def _binance_funding(query, now_ms):
    start, count = int(query["startTime"]), int(query.get("limit", 100))
    first = max(-(-start // (8 * HOUR_MS)) * 8 * HOUR_MS, LISTED_MS // (8 * HOUR_MS) * 8 * HOUR_MS)
    return [
        {
            "symbol": query["symbol"],
            "fundingTime": at + 3,
            "fundingRate": rate_text(at),
            "markPrice": "2001.51000000",
        }
        for at in range(first, now_ms, 8 * HOUR_MS)[: min(count, 20)]
    ]


def _binance_interest(query, now_ms):
    opens = _opens(query, now_ms, start="startTime", end="endTime", limit="limit", most=200)
    return [
        {
            "symbol": query["symbol"],
            "sumOpenInterest": f"{20_403 + at // HOUR_MS % 7}.63700000",
            "sumOpenInterestValue": "150570784.07809979",
            "timestamp": at,
        }
        for at in opens
    ]


def _binance_depth(query, now_ms):
    # 1,999.9 stands above 1,000.0 as a number, and below it as text.
    side = [[f"{1999.9 - step * 333.3:.1f}", f"{step + 1}.125"] for step in range(5)]
    return {
        "lastUpdateId": 1027024,
        "E": now_ms - 4,
        "T": now_ms - 9,
        "bids": side[: int(query["limit"])],
        "asks": [["2000.1", "0.500"], ["2000.2", "12.000"], ["10000.0", "1.000"]],
    }


def binance():
    return Answers(
        {
            "/fapi/v1/time": lambda _query, now_ms: {"serverTime": now_ms},
            "/fapi/v1/exchangeInfo": lambda _query, now_ms: {
                "timezone": "UTC",
                "serverTime": now_ms,
                "futuresType": "U_MARGINED",
                "rateLimits": [],
                "exchangeFilters": [],
                "assets": [],
                "symbols": [binance_symbol(base) for base in TICKERS],
            },
            "/fapi/v1/klines": _binance_candles,
            "/fapi/v1/markPriceKlines": _binance_candles,
            "/fapi/v1/indexPriceKlines": _binance_candles,
            "/fapi/v1/fundingRate": _binance_funding,
            "/futures/data/openInterestHist": _binance_interest,
            "/fapi/v1/depth": _binance_depth,
        }
    )


def _bybit(body):
    def answer(query, now_ms):
        result = body(query, now_ms)
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms}

    return answer


def _bybit_markets(query, _now_ms):
    inverse = query["category"] == "inverse"
    listed = [
        {
            "symbol": f"{base}USD" if inverse else f"{base}USDT",
            "contractType": "InversePerpetual" if inverse else "LinearPerpetual",
            "status": "Trading",
            "baseCoin": base,
            "quoteCoin": "USD" if inverse else "USDT",
            "launchTime": str(LISTED_MS),
            "deliveryTime": "0",
            "deliveryFeeRate": "",
            "priceScale": "2",
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
            "priceFilter": {"minPrice": "0.10", "maxPrice": "199999.80", "tickSize": "0.10"},
            "lotSizeFilter": {
                "maxOrderQty": "25000000" if inverse else "1190",
                "minOrderQty": "1" if inverse else "0.001",
                "qtyStep": "1" if inverse else "0.001",
            },
            "unifiedMarginTrade": True,
            "fundingInterval": 480,
            "settleCoin": base if inverse else "USDT",
            "copyTrading": "none",
        }
        for base in TICKERS
    ]
    is_perpetual = query["category"] in ("linear", "inverse")
    found = listed if is_perpetual else []
    return {"category": query["category"], "list": found, "nextPageCursor": ""}


def _bybit_candles(query, now_ms):
    """Newest first, as Bybit answers."""
    base = query["symbol"][:3]
    opens = _opens(query, now_ms, start="start", end="end", limit="limit", most=1000)
    return {
        "category": query["category"],
        "symbol": query["symbol"],
        "list": [
            [str(at), "1", "9", "1", close_text(base, at), "268611", "15.7"]
            for at in reversed(opens)
        ],
    }


def _bybit_book(_query, now_ms):
    return {
        "s": "BTCUSD",
        "b": [["34000.0", "68000"], ["33999.5", "100"]],
        "a": [["34000.5", "34000.5"]],
        "ts": now_ms - 11,
        "u": 230704,
        "seq": 1432604333,
        "cts": now_ms - 13,
    }


def bybit():
    return Answers(
        {
            "/v5/market/time": _bybit(
                lambda _query, now_ms: {
                    "timeSecond": str(now_ms // 1000),
                    "timeNano": str(now_ms * 10**6),
                }
            ),
            "/v5/market/instruments-info": _bybit(_bybit_markets),
            "/v5/market/kline": _bybit(_bybit_candles),
            "/v5/market/orderbook": _bybit(_bybit_book),
        }
    )
