"""Every test of `client` runs with both versions of the protocol and both parsers."""

import pytest
from redis import ConnectionPool, Redis
from redis._parsers import _HiredisParser, _RESP2Parser, _RESP3Parser

from address import HOST, PORT, connect

DIALECTS = {
    "resp2": {"protocol": 2, "parser_class": _RESP2Parser},
    "resp2-hiredis": {"protocol": 2, "parser_class": _HiredisParser},
    "resp3": {"protocol": 3, "parser_class": _RESP3Parser},
    "resp3-hiredis": {"protocol": 3, "parser_class": _HiredisParser},
}


@pytest.fixture(autouse=True)
def nothing_from_before():
    with connect() as client:
        client.flushall()


@pytest.fixture(params=DIALECTS.values(), ids=DIALECTS.keys())
def client(request):
    pool = ConnectionPool(host=HOST, port=PORT, **request.param)
    with Redis.from_pool(pool) as client:
        yield client
