"""redis-py's own cache of what it has read, which the server keeps coherent."""

import pytest
from redis.cache import CacheConfig
from redis.connection import CacheProxyConnection

from address import connect, until


@pytest.fixture(autouse=True)
def whatever_the_server_calls_itself(monkeypatch):
    # The library asks for Redis 7.4, although the commands that it uses are those of Redis 6.
    monkeypatch.setattr(CacheProxyConnection, "MIN_ALLOWED_VERSION", "6.0.0")


@pytest.fixture
def caching():
    with connect(protocol=3, cache_config=CacheConfig(max_size=100)) as client:
        yield client


def held(client):
    return {key.redis_keys[0] for key in client.get_cache().collection}


def test_a_value_that_another_client_changes_is_seen(caching):
    with connect() as other:
        other.set("a", "1")
        assert caching.get("a") == b"1"
        assert held(caching) == {"a"}
        other.set("a", "2")
        until(lambda: caching.get("a") == b"2")
        other.delete("a")
        until(lambda: caching.get("a") is None)


def test_a_hash_that_another_client_changes_is_seen(caching):
    with connect() as other:
        other.hset("h", mapping={"f": "1", "g": "1"})
        assert caching.hgetall("h") == {b"f": b"1", b"g": b"1"}
        other.hdel("h", "g")
        until(lambda: caching.hgetall("h") == {b"f": b"1"})


def test_a_value_that_expires_is_gone(caching):
    with connect() as other:
        other.set("a", "1", px=50)
        caching.get("a")
        until(lambda: caching.get("a") is None)


def test_a_flush_is_seen(caching):
    with connect() as other:
        other.set("a", "1")
        assert caching.get("a") == b"1"
        other.flushall()
        until(lambda: caching.get("a") is None)


def test_a_repeated_read_asks_the_server_once(caching):
    with connect() as other:
        other.set("a", "1")
        caching.get("a")
        before = reads(other)
        assert [caching.get("a") for _ in range(10)] == [b"1"] * 10
        assert reads(other) == before


def reads(client):
    return client.info("stats")["keyspace_hits"]
