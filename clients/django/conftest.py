"""A Django whose caches are the servers under test; see docs/clients.md for the variables."""

import os

import django
import pytest
from django.conf import settings

HOST = os.environ["CLIENTS_HOST"]
PORT = os.environ["CLIENTS_PORT"]
GUARDED_PORT = os.environ["CLIENTS_GUARDED_PORT"]
MUTUAL_TLS_PORT = os.environ["CLIENTS_MUTUAL_TLS_PORT"]
PASSWORD = os.environ["CLIENTS_PASSWORD"]
CERTIFICATES = os.environ["CLIENTS_CERTIFICATES"]


def cache_at(location, **options):
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": location,
        "OPTIONS": options,
    }


settings.configure(
    SECRET_KEY="of no use",
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    CACHES={
        "default": cache_at(f"redis://{HOST}:{PORT}/1", client_name="django"),
        "other": {**cache_at(f"redis://{HOST}:{PORT}/2"), "KEY_PREFIX": "shop", "VERSION": 7},
        "guarded": cache_at(f"redis://application:{PASSWORD}@{HOST}:{GUARDED_PORT}"),
        "encrypted": cache_at(
            f"rediss://{HOST}:{MUTUAL_TLS_PORT}",
            ssl_ca_certs=f"{CERTIFICATES}/authority.pem",
            ssl_certfile=f"{CERTIFICATES}/client.pem",
            ssl_keyfile=f"{CERTIFICATES}/client.key",
        ),
    },
)
django.setup()


@pytest.fixture
def cache():
    from django.core.cache import caches

    for name in caches:
        caches[name].clear()
    return caches["default"]
