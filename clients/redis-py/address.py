"""Where the servers under test are, and connections to them. See docs/clients.md."""

import os
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

HOST = os.environ["CLIENTS_HOST"]
PORT = int(os.environ["CLIENTS_PORT"])
GUARDED_PORT = int(os.environ["CLIENTS_GUARDED_PORT"])
GUARDED_TLS_PORT = int(os.environ["CLIENTS_GUARDED_TLS_PORT"])
MUTUAL_TLS_PORT = int(os.environ["CLIENTS_MUTUAL_TLS_PORT"])
PASSWORD = os.environ["CLIENTS_PASSWORD"]
CERTIFICATES = Path(os.environ["CLIENTS_CERTIFICATES"])

# What a client needs to trust the server, and to be trusted by it.
TRUSTS = {"ssl": True, "ssl_ca_certs": str(CERTIFICATES / "authority.pem")}
IS_TRUSTED = {
    "ssl_certfile": str(CERTIFICATES / "client.pem"),
    "ssl_keyfile": str(CERTIFICATES / "client.key"),
}

PATIENCE = 10

# For what is refused: the library would try ten times.
ONCE = Retry(NoBackoff(), retries=0)


def connect(**options):
    return redis.Redis(**{"host": HOST, "port": PORT, **options})


def guarded(**options):
    return connect(port=GUARDED_PORT, **options)


def until(condition):
    """The first answer of `condition` that is true; none within the patience is a failure."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return answer
