"""Strings, hashes, expiry and iteration."""

import datetime

import pytest
from redis.exceptions import ResponseError

ALL_BYTES = bytes(range(256))


def test_set_and_get_with_every_option(client):
    assert client.set("a", "1") is True
    assert client.set("a", "2", nx=True) is None
    assert client.set("b", "2", xx=True) is None
    assert client.set("a", "3", xx=True, get=True) == b"1"
    assert client.set("a", "4", ex=100) and 0 < client.ttl("a") <= 100
    assert client.set("a", "5", keepttl=True) and 0 < client.ttl("a") <= 100
    assert client.set("a", "6", px=datetime.timedelta(seconds=5)) and 0 < client.pttl("a") <= 5000
    assert client.set("a", "7", exat=4102444800) and client.expiretime("a") == 4102444800
    assert client.set("a", "8", pxat=4102444800123) and client.pexpiretime("a") == 4102444800123
    assert client.set("a", "9") and client.ttl("a") == -1
    assert client.get("a") == b"9"
    assert client.get("nothing") is None


def test_reads_that_also_write(client):
    client.set("a", "1")
    assert client.getex("a", ex=50) == b"1" and 0 < client.ttl("a") <= 50
    assert client.getex("a", persist=True) == b"1" and client.ttl("a") == -1
    assert client.set("a", "2", get=True) == b"1"
    assert client.getdel("a") == b"2"
    assert client.exists("a") == 0


def test_older_forms_of_set(client):
    assert client.setex("a", 60, "1") and 0 < client.ttl("a") <= 60
    assert client.psetex("a", 60_000, "1") and 0 < client.pttl("a") <= 60_000
    assert client.setnx("a", "2") is False
    assert client.setnx("b", "2") is True
    assert client.getset("b", "3") == b"2"


def test_parts_of_a_value(client):
    assert client.append("a", "Hello") == 5
    assert client.append("a", " World") == 11
    assert client.getrange("a", -5, -1) == b"World"
    assert client.setrange("a", 6, "Redis") == 11
    assert client.get("a") == b"Hello Redis"
    assert client.strlen("a") == 11
    client.set("b", "Hello")
    assert client.lcs("a", "b") == b"Hello"


def test_counters(client):
    assert client.incr("a") == 1
    assert client.incrby("a", 41) == 42
    assert client.decr("a") == 41
    assert client.decrby("a", 1) == 40
    assert client.incrbyfloat("b", 1.5) == 1.5
    client.set("a", "x")
    with pytest.raises(ResponseError, match="not an integer"):
        client.incr("a")


def test_many_keys_at_once(client):
    assert client.mset({"a": "1", "b": "2"}) is True
    assert client.msetnx({"b": "3", "c": "3"}) is False
    assert client.mget("a", "b", "c") == [b"1", b"2", None]
    assert client.exists("a", "b", "c") == 2
    assert client.touch("a", "c") == 1
    assert client.delete("a", "c") == 1
    assert client.unlink("b") == 1


def test_keys_are_renamed_and_copied(client):
    client.set("a", "1", ex=100)
    assert client.rename("a", "b")
    assert client.copy("b", "c") is True
    assert client.renamenx("b", "c") is False
    assert client.get("c") == b"1" and 0 < client.ttl("c") <= 100
    assert client.type("c") == b"string"
    with pytest.raises(ResponseError, match="no such key"):
        client.rename("a", "b")


def test_hashes(client):
    assert client.hset("h", mapping={"name": "Ada", "age": 36}) == 2
    assert client.hset("h", "name", "Grace") == 0
    assert client.hsetnx("h", "name", "Alan") == 0
    assert client.hget("h", "name") == b"Grace"
    assert client.hmget("h", "name", "shoe", "age") == [b"Grace", None, b"36"]
    assert client.hgetall("h") == {b"name": b"Grace", b"age": b"36"}
    assert set(client.hkeys("h")) == {b"name", b"age"}
    assert set(client.hvals("h")) == {b"Grace", b"36"}
    assert client.hlen("h") == 2 and client.hexists("h", "age") and client.hstrlen("h", "name") == 5
    assert client.hincrby("h", "age", 2) == 38
    assert client.hincrbyfloat("h", "age", 0.5) == 38.5
    assert client.hrandfield("h") in (b"name", b"age")
    assert client.hdel("h", "name", "age") == 2
    assert client.exists("h") == 0


def test_expiry(client):
    client.set("a", "1")
    assert client.expire("a", 100) and 0 < client.ttl("a") <= 100
    assert not client.expire("a", 50, nx=True)
    assert not client.expire("a", 50, gt=True)
    assert client.expire("a", 50, lt=True)
    assert client.expire("a", datetime.timedelta(hours=1), xx=True)
    assert client.pexpire("a", 9_000) and 0 < client.pttl("a") <= 9_000
    assert client.expireat("a", datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc))
    assert client.expiretime("a") == 4102444800
    assert client.pexpireat("a", 4102444800123) and client.pexpiretime("a") == 4102444800123
    assert client.persist("a") and client.ttl("a") == -1
    assert client.ttl("nothing") == -2
    assert client.expire("a", -1) and client.get("a") is None


def test_every_key_is_met_when_iterating(client):
    keys = {f"key:{number}".encode() for number in range(500)}
    client.mset({key: "x" for key in keys})
    client.hset("other", "f", "v")
    assert set(client.scan_iter(count=50)) == keys | {b"other"}
    assert set(client.scan_iter(match="key:1?")) == {f"key:1{digit}".encode() for digit in range(10)}
    assert list(client.scan_iter(_type="hash")) == [b"other"]
    assert set(client.keys("key:49?")) == {f"key:49{digit}".encode() for digit in range(10)}
    assert client.randomkey() in keys | {b"other"}
    assert client.dbsize() == 501


def test_every_field_is_met_when_iterating(client):
    fields = {f"field:{number}".encode(): str(number).encode() for number in range(700)}
    client.hset("h", mapping=fields)
    assert dict(client.hscan_iter("h", count=50)) == fields
    assert dict(client.hscan_iter("h", match="field:69?")).keys() == {
        f"field:69{digit}".encode() for digit in range(10)
    }


def test_any_bytes_are_a_key_a_field_and_a_value(client):
    client.set(ALL_BYTES, ALL_BYTES)
    assert client.get(ALL_BYTES) == ALL_BYTES
    assert client.keys() == [ALL_BYTES]
    client.hset("h", ALL_BYTES, ALL_BYTES)
    assert client.hgetall("h") == {ALL_BYTES: ALL_BYTES}
    client.set(b"", b"")
    assert client.get(b"") == b""


def test_big_values(client):
    megabyte = ALL_BYTES * 4096
    client.set("big", megabyte)
    assert client.get("big") == megabyte
    client.hset("bigger", mapping={str(number): megabyte for number in range(4)})
    assert client.hgetall("bigger") == {str(number).encode(): megabyte for number in range(4)}


def test_the_wrong_type_is_an_error_of_the_command_alone(client):
    client.hset("h", "f", "v")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        client.get("h")
    assert client.hget("h", "f") == b"v"


def test_a_command_that_is_not_there_is_an_error_of_the_command_alone(client):
    with pytest.raises(ResponseError, match="unknown command"):
        client.execute_command("NO.SUCH.COMMAND", "a")
    assert client.ping()
