"""Pipelines, transactions, optimistic locking, and locks."""

import threading
import uuid

import pytest
from redis.exceptions import ResponseError, WatchError

from address import connect


def test_a_pipeline_answers_in_order(client):
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1000):
            pipeline.set(f"key:{number}", number)
            pipeline.get(f"key:{number}")
        answers = pipeline.execute()
    assert answers[0::2] == [True] * 1000
    assert answers[1::2] == [str(number).encode() for number in range(1000)]


def test_an_error_in_a_pipeline_is_that_commands_own(client):
    with client.pipeline(transaction=False) as pipeline:
        answers = pipeline.set("a", "x").incr("a").get("a").execute(raise_on_error=False)
    assert answers[0] is True and answers[2] == b"x"
    assert isinstance(answers[1], ResponseError)


def test_a_transaction_is_carried_out_as_one(client):
    with client.pipeline() as pipeline:
        assert pipeline.set("a", "1").incr("a").hset("h", "f", "v").execute() == [True, 2, 1]


def test_an_error_within_a_transaction_undoes_nothing(client):
    with client.pipeline() as pipeline:
        answers = pipeline.set("a", "x").incr("a").set("b", "1").execute(raise_on_error=False)
    assert isinstance(answers[1], ResponseError)
    assert client.mget("a", "b") == [b"x", b"1"]


def test_a_transaction_that_cannot_be_queued_is_not_carried_out(client):
    with client.pipeline() as pipeline:
        pipeline.set("a", "1").execute_command("GET")
        with pytest.raises(ResponseError, match="wrong number of arguments"):
            pipeline.execute()
    assert client.get("a") is None


def test_a_watched_key_that_changes_stops_the_transaction(client):
    client.set("a", "1")
    with client.pipeline() as pipeline:
        pipeline.watch("a")
        client.set("a", "2")
        pipeline.multi()
        pipeline.set("a", "3")
        with pytest.raises(WatchError):
            pipeline.execute()
    assert client.get("a") == b"2"


def test_a_key_that_is_no_longer_watched_does_not_stop_it(client):
    with client.pipeline() as pipeline:
        pipeline.watch("a")
        client.set("a", "2")
        pipeline.unwatch()
        pipeline.multi()
        pipeline.set("a", "3")
        assert pipeline.execute() == [True]


def test_optimistic_locking_loses_no_increment():
    threads, rounds = 4, 25

    def add_one(pipeline):
        count = int(pipeline.get("count") or 0)
        pipeline.multi()
        pipeline.set("count", count + 1)

    def add(client):
        for _ in range(rounds):
            client.transaction(add_one, "count")

    with connect() as client:
        workers = [threading.Thread(target=add, args=(client,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert client.get("count") == str(threads * rounds).encode()


def test_a_lock_without_scripts(client):
    # docs/clients.md recommends this where a server has no scripts.
    def release(token):
        def delete_own(pipeline):
            owner = pipeline.get("lock")
            pipeline.multi()
            if owner == token:
                pipeline.delete("lock")

        return client.transaction(delete_own, "lock") == [1]

    mine, other = (uuid.uuid4().bytes for _ in range(2))
    assert client.set("lock", mine, nx=True, px=30_000)
    assert not client.set("lock", other, nx=True, px=30_000)
    assert not release(other)
    assert release(mine)
    assert client.set("lock", other, nx=True, px=30_000)


def test_the_librarys_lock_works_where_there_are_scripts_and_fails_plainly_elsewhere(client):
    lock = client.lock("lock", timeout=30)
    assert lock.acquire(blocking=False)
    assert not client.lock("lock", timeout=30).acquire(blocking=False)
    assert lock.owned()
    if has_scripts(client):
        lock.release()
        assert not lock.locked()
    else:
        with pytest.raises(ResponseError, match="unknown command 'EVALSHA'"):
            lock.release()
        assert lock.locked()


def has_scripts(client):
    try:
        return client.eval("return 1", 0) == 1
    except ResponseError as error:
        assert "unknown command 'EVAL'" in str(error)
        return False
