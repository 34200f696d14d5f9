"""redis.asyncio: the same server, many tasks."""

import asyncio

import pytest
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ResponseError, WatchError

from address import (
    GUARDED_PORT,
    GUARDED_TLS_PORT,
    HOST,
    IS_TRUSTED,
    MUTUAL_TLS_PORT,
    PASSWORD,
    PATIENCE,
    PORT,
    TRUSTS,
)

pytestmark = pytest.mark.parametrize("protocol", [2, 3])


def play(scenario):
    asyncio.run(asyncio.wait_for(scenario, timeout=3 * PATIENCE))


def connect(protocol, **options):
    return Redis(**{"host": HOST, "port": PORT, "protocol": protocol, **options})


def test_values_hashes_and_expiry(protocol):
    async def scenario():
        async with connect(protocol, client_name="task", db=2) as client:
            assert await client.set("a", "1", ex=100, nx=True)
            assert await client.set("a", "2", xx=True, get=True) == b"1"
            assert await client.hset("h", mapping={"f": "v"}) == 1
            assert await client.hgetall("h") == {b"f": b"v"}
            assert await client.expire("a", 50) and 0 < await client.ttl("a") <= 50
            assert (await client.client_info())["name"] == "task"
            with pytest.raises(ResponseError, match="WRONGTYPE"):
                await client.get("h")

    play(scenario())


def test_iteration(protocol):
    async def scenario():
        async with connect(protocol) as client:
            await client.mset({f"key:{number}": number for number in range(300)})
            assert len({key async for key in client.scan_iter(match="key:*", count=20)}) == 300

    play(scenario())


def test_a_pool_serves_many_tasks(protocol):
    async def scenario():
        pool = BlockingConnectionPool(host=HOST, port=PORT, protocol=protocol, max_connections=5)
        async with Redis.from_pool(pool) as client:

            async def work(number):
                await client.set(f"task:{number}", number)
                await client.incr("turns")
                return await client.get(f"task:{number}")

            answers = await asyncio.gather(*(work(number) for number in range(200)))
            assert answers == [str(number).encode() for number in range(200)]
            assert await client.get("turns") == b"200"

    play(scenario())


def test_pipelines_and_transactions(protocol):
    async def scenario():
        async with connect(protocol) as client:
            async with client.pipeline(transaction=False) as pipeline:
                assert await pipeline.set("a", "1").incr("a").execute() == [True, 2]
            async with client.pipeline() as pipeline:
                assert await pipeline.incr("a").hset("h", "f", "v").execute() == [3, 1]
            async with client.pipeline() as pipeline:
                await pipeline.watch("a")
                await client.set("a", "9")
                pipeline.multi()
                pipeline.set("a", "0")
                with pytest.raises(WatchError):
                    await pipeline.execute()

    play(scenario())


def test_optimistic_locking_loses_no_increment(protocol):
    async def scenario():
        async with connect(protocol) as client:

            async def add_one(pipeline):
                count = int(await pipeline.get("count") or 0)
                pipeline.multi()
                pipeline.set("count", count + 1)

            await asyncio.gather(*(client.transaction(add_one, "count") for _ in range(20)))
            assert await client.get("count") == b"20"

    play(scenario())


def test_channels_and_patterns(protocol):
    async def scenario():
        async with connect(protocol) as client, client.pubsub() as subscriber:
            await subscriber.subscribe("news")
            await subscriber.psubscribe("sport.*")
            messages = subscriber.listen()
            assert [(await anext(messages))["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
            await client.publish("news", "hello")
            await client.publish("sport.golf", "par")
            assert (await anext(messages))["data"] == b"hello"
            assert (await anext(messages))["pattern"] == b"sport.*"

    play(scenario())


def test_subscriptions_outlive_a_lost_connection(protocol):
    async def scenario():
        retry = Retry(NoBackoff(), retries=20)
        async with connect(protocol, retry=retry) as client, client.pubsub() as subscriber:
            await subscriber.subscribe("news")
            messages = subscriber.listen()
            assert (await anext(messages))["type"] == "subscribe"
            assert await client.client_kill_filter(_type="pubsub") == 1
            assert (await anext(messages))["type"] == "subscribe"
            assert await client.publish("news", "again") == 1
            assert (await anext(messages))["data"] == b"again"

    play(scenario())


def test_passwords_and_certificates(protocol):
    async def scenario():
        user = {"username": "application", "password": PASSWORD}
        async with connect(protocol, port=GUARDED_PORT, **user) as client:
            assert await client.set("a", "1")
        async with connect(protocol, port=GUARDED_TLS_PORT, **user, **TRUSTS) as client:
            assert await client.get("a") == b"1"
        async with connect(protocol, port=MUTUAL_TLS_PORT, **TRUSTS, **IS_TRUSTED) as client:
            assert await client.ping()
        once = Retry(NoBackoff(), retries=0)
        async with connect(protocol, port=GUARDED_PORT, retry=once) as client:
            with pytest.raises(AuthenticationError):
                await client.get("a")

    play(scenario())
