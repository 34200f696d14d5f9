"""What a connection says of itself, and the database that it is in."""

import pytest
from redis import ConnectionPool, Redis
from redis.driver_info import DriverInfo

from address import HOST, PORT, connect

BOTH_PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3])


def test_a_server_answers_a_ping(client):
    assert client.ping() is True
    assert client.echo("hello") == b"hello"


@BOTH_PROTOCOLS
def test_a_connection_has_the_name_that_was_asked_for(protocol):
    with connect(client_name="checkout", protocol=protocol) as client:
        assert client.client_info()["name"] == "checkout"


def test_a_connection_has_a_number_and_is_in_the_list(client):
    number = client.client_id()
    assert str(number) in [other["id"] for other in client.client_list()]


@BOTH_PROTOCOLS
def test_the_name_of_the_library_is_no_obstacle(protocol):
    # CLIENT SETINFO came with Redis 7.2: clients send it and go on when it is refused.
    with connect(driver_info=DriverInfo(name="shop"), protocol=protocol) as client:
        assert client.ping()


def test_databases_are_apart():
    with connect(db=0) as first, connect(db=9) as second:
        first.set("where", "first")
        second.set("where", "second")
        assert (first.get("where"), second.get("where")) == (b"first", b"second")
        second.flushdb()
        assert (first.get("where"), second.get("where")) == (b"first", None)


def test_a_connection_moves_to_another_database(client):
    client.set("a", 1)
    with client.client() as single:
        assert single.select(3)
        assert single.get("a") is None
    client.flushall()
    assert client.dbsize() == 0


def test_an_address_can_be_a_url():
    pool = ConnectionPool.from_url(f"redis://{HOST}:{PORT}/5?client_name=by-url&protocol=3")
    with Redis.from_pool(pool) as client:
        about = client.client_info()
        assert (int(about["db"]), about["name"]) == (5, "by-url")


def test_the_server_tells_of_itself(client):
    about = client.info("server")
    assert about["redis_version"]
    assert client.time()[0] > 0
    assert "GET" in {name.upper() for name in client.command()}
    assert client.command_count() > 50


@BOTH_PROTOCOLS
def test_a_closed_connection_is_opened_again(protocol):
    with connect(protocol=protocol, single_connection_client=True) as single, connect() as other:
        other.client_kill_filter(_id=single.client_id())
        assert single.ping()
