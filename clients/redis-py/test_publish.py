"""Channels and patterns, and what becomes of them when a connection is lost."""

import pytest
from redis.exceptions import ConnectionError

from address import PATIENCE, connect, until


@pytest.fixture
def subscriber(client):
    with client.pubsub(ignore_subscribe_messages=True) as subscriber:
        yield subscriber


def confirmed(subscriber, count):
    """Waits until the server has confirmed `count` changes of what is subscribed."""
    subscriber.ignore_subscribe_messages = False
    kinds = [next_message(subscriber)["type"] for _ in range(count)]
    subscriber.ignore_subscribe_messages = True
    return kinds


def next_message(subscriber):
    return until(lambda: subscriber.get_message(timeout=PATIENCE))


def test_a_subscriber_gets_what_is_published(client, subscriber):
    subscriber.subscribe("news", "sport")
    assert confirmed(subscriber, 2) == ["subscribe", "subscribe"]
    assert client.publish("news", "hello") == 1
    assert client.publish("weather", "rain") == 0
    message = next_message(subscriber)
    assert (message["type"], message["channel"], message["data"]) == ("message", b"news", b"hello")


def test_a_pattern_names_many_channels(client, subscriber):
    subscriber.psubscribe("news.*")
    assert confirmed(subscriber, 1) == ["psubscribe"]
    client.publish("news.art", b"\x00\xff")
    message = next_message(subscriber)
    assert message["pattern"] == b"news.*" and message["channel"] == b"news.art"
    assert message["data"] == b"\x00\xff"


def test_a_channel_that_is_left_is_silent(client, subscriber):
    subscriber.subscribe("news")
    confirmed(subscriber, 1)
    subscriber.unsubscribe("news")
    assert confirmed(subscriber, 1) == ["unsubscribe"]
    assert client.publish("news", "hello") == 0


def test_a_handler_is_called_for_each_message(client, subscriber):
    seen = []
    subscriber.subscribe(news=seen.append)
    confirmed(subscriber, 1)
    client.publish("news", "hello")
    until(lambda: subscriber.get_message() or seen)
    assert seen[0]["data"] == b"hello"


def test_a_subscriber_may_ask_whether_the_server_is_there(subscriber):
    subscriber.subscribe("news")
    confirmed(subscriber, 1)
    subscriber.ping("still there?")
    assert next_message(subscriber)["data"] == b"still there?"


def test_the_server_knows_who_listens(client, subscriber):
    subscriber.subscribe("news")
    subscriber.psubscribe("sport.*")
    confirmed(subscriber, 2)
    assert client.pubsub_channels() == [b"news"]
    assert client.pubsub_numsub("news", "sport") == [(b"news", 1), (b"sport", 0)]
    assert client.pubsub_numpat() == 1


def test_subscriptions_outlive_a_lost_connection(client, subscriber):
    subscriber.subscribe("news")
    subscriber.psubscribe("sport.*")
    confirmed(subscriber, 2)
    with connect() as other:
        assert other.client_kill_filter(_type="pubsub") == 1
        for channel in ["news", "sport.golf"]:
            message = until(lambda: heard_again(other, subscriber, channel.encode()))
            assert message["data"] == b"again"


def heard_again(publisher, subscriber, channel):
    """What the subscriber gets; what is published before it listens again is lost."""
    publisher.publish(channel, "again")
    try:
        message = subscriber.get_message()
    except ConnectionError:
        return None
    return message if message and message["channel"] == channel else None


def test_many_messages_keep_their_order(client, subscriber):
    subscriber.subscribe("numbers")
    confirmed(subscriber, 1)
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1000):
            pipeline.publish("numbers", number)
        assert pipeline.execute() == [1] * 1000
    assert [int(next_message(subscriber)["data"]) for _ in range(1000)] == list(range(1000))
