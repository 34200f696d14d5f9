"""The same back-end, as asynchronous views use it."""

import asyncio

import pytest


def test_every_method_has_its_asynchronous_form(cache):
    async def scenario():
        await cache.aset("key", {"a": 1}, timeout=100)
        assert await cache.aget("key") == {"a": 1}
        assert await cache.aadd("key", "second") is False
        assert await cache.ahas_key("key")
        assert await cache.atouch("key", 50)
        await cache.aset_many({"a": 1, "b": 2})
        assert await cache.aget_many(["a", "b", "c"]) == {"a": 1, "b": 2}
        assert await cache.aincr("a", 9) == 10
        assert await cache.adecr("a") == 9
        with pytest.raises(ValueError, match="not found"):
            await cache.aincr("no-count")
        assert await cache.aget_or_set("d", lambda: "made") == "made"
        assert await cache.aincr_version("d") == 2
        await cache.adelete_many(["a", "b"])
        assert await cache.adelete("key") is True
        assert await cache.aclear() is True
        assert await cache.aget("d", version=2) is None

    asyncio.run(scenario())


def test_many_tasks_share_it(cache):
    async def work(number):
        await cache.aset(f"task-{number}", number)
        return await cache.aget(f"task-{number}")

    async def scenario():
        answers = await asyncio.gather(*(work(number) for number in range(100)))
        assert answers == list(range(100))

    asyncio.run(scenario())
