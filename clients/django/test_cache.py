"""Django's Redis cache back-end."""

import pytest
from django.core.cache import caches
from redis import Redis

from conftest import HOST, PORT


def test_any_picklable_value_is_kept(cache):
    for value in ["text", b"\x00\xff", 42, -1, 1.5, True, None, [1, {"a": (2, 3)}], {"x"}, ""]:
        cache.set("key", value)
        assert cache.get("key", "nothing") == value
    assert cache.get("no-key") is None
    assert cache.get("no-key", "nothing") == "nothing"


def test_a_big_value_is_kept(cache):
    value = bytes(range(256)) * 8192
    cache.set("big", value)
    assert cache.get("big") == value


def test_add_leaves_what_is_there(cache):
    assert cache.add("key", "first", timeout=100) is True
    assert cache.add("key", "second") is False
    assert cache.get("key") == "first"
    assert cache.add("gone-at-once", "x", timeout=0) is True
    assert "gone-at-once" not in cache


def test_a_value_lives_as_long_as_is_said(cache):
    cache.set("default", 1)
    cache.set("minute", 1, timeout=60)
    cache.set("for-ever", 1, timeout=None)
    cache.set("at-once", 1, timeout=0)
    with Redis(HOST, PORT, db=1) as client:
        assert 60 < client.ttl(":1:default") <= 300
        assert 0 < client.ttl(":1:minute") <= 60
        assert client.ttl(":1:for-ever") == -1
    assert "at-once" not in cache


def test_touch_changes_how_long_it_lives(cache):
    cache.set("key", 1)
    with Redis(HOST, PORT, db=1) as client:
        assert cache.touch("key", timeout=1000) and 300 < client.ttl(":1:key") <= 1000
        assert cache.touch("key", timeout=None) and client.ttl(":1:key") == -1
    assert cache.touch("key", timeout=0) and "key" not in cache
    assert cache.touch("key") is False


def test_many_at_once(cache):
    values = {f"key-{number}": number for number in range(1000)}
    assert cache.set_many(values, timeout=100) == []
    assert cache.get_many([*values, "no-key"]) == values
    cache.set_many({"for-ever": 1}, timeout=None)
    cache.delete_many(values)
    assert cache.get_many(values) == {}
    assert cache.has_key("for-ever")


def test_counters(cache):
    cache.set("count", 40)
    assert cache.incr("count", 3) == 43
    assert cache.decr("count") == 42
    with pytest.raises(ValueError, match="not found"):
        cache.incr("no-count")


def test_delete_says_whether_there_was_anything(cache):
    cache.set("key", 1)
    assert cache.delete("key") is True
    assert cache.delete("key") is False


def test_versions_are_apart(cache):
    cache.set("key", "one", version=1)
    cache.set("key", "two", version=2)
    assert cache.get("key") == "one"
    assert cache.get("key", version=2) == "two"
    assert cache.incr_version("key", delta=2) == 3
    assert cache.get("key") is None and cache.get("key", version=3) == "one"
    assert cache.decr_version("key", version=3) == 2
    assert cache.get("key", version=2) == "one"


def test_caches_are_apart(cache):
    cache.set("key", "default")
    caches["other"].set("key", "other")
    with Redis(HOST, PORT, db=2) as client:
        assert client.keys() == [b"shop:7:key"]
    assert cache.clear() is True
    assert cache.get("key") is None
    assert caches["other"].get("key") == "other"


def test_get_or_set_calls_once(cache):
    calls = []
    for _ in range(3):
        assert cache.get_or_set("key", lambda: calls.append(1) or "made", 100) == "made"
    assert len(calls) == 1


def test_a_cache_behind_a_password_and_one_behind_certificates(cache):
    for name in ["guarded", "encrypted"]:
        caches[name].set("key", name, timeout=10)
        assert caches[name].get("key") == name


def test_sessions_are_kept_in_the_cache(cache):
    from django.contrib.sessions.backends.cache import SessionStore

    session = SessionStore()
    session["user"] = 7
    session.set_expiry(3600)
    session.save()
    assert SessionStore(session.session_key)["user"] == 7
    session.cycle_key()
    session.flush()
    assert not session.exists(session.session_key or "none")
