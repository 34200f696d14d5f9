"""Connections that are shared."""

import threading

import pytest
from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.exceptions import MaxConnectionsError

from address import HOST, PORT, connect


def test_a_pool_serves_many_threads():
    threads, rounds = 16, 50
    pool = BlockingConnectionPool(host=HOST, port=PORT, max_connections=4, timeout=20)
    failures = []

    def work(number):
        for turn in range(rounds):
            client.set(f"thread:{number}", turn)
            client.incr("turns")
            if client.get(f"thread:{number}") != str(turn).encode():
                failures.append((number, turn))

    with Redis.from_pool(pool) as client:
        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not failures
        assert client.get("turns") == str(threads * rounds).encode()


def test_a_pool_has_no_more_connections_than_it_may():
    pool = ConnectionPool(host=HOST, port=PORT, max_connections=1)
    held = pool.get_connection()
    with pytest.raises(MaxConnectionsError):
        pool.get_connection()
    pool.release(held)
    assert pool.get_connection() is held
    pool.disconnect()


def test_a_pool_whose_connections_were_all_closed_serves_on():
    with connect() as client, connect() as other:
        client.ping()
        other.client_kill_filter(_type="normal", skipme=True)
        assert client.set("a", "1")
