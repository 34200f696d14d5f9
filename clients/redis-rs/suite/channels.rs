use futures_util::StreamExt;
use redis::{AsyncConnectionConfig, Commands, PushInfo, PushKind, Value};
use tokio::sync::mpsc::unbounded_channel;

use crate::address::{PATIENCE, PROTOCOLS, alone, client, connect, patient, play, until};

#[test]
fn a_subscriber_gets_what_is_published() {
    for protocol in PROTOCOLS {
        let _server = alone();
        let (mut publisher, mut listener) = (connect(protocol), connect(protocol));
        let mut subscriber = listener.as_pubsub();
        subscriber.subscribe("news").unwrap();
        subscriber.psubscribe("sport.*").unwrap();
        assert_eq!(publisher.publish("news", "hello"), Ok(1));
        assert_eq!(publisher.publish("sport.golf", "par"), Ok(1));
        let news = subscriber.get_message().unwrap();
        assert_eq!((news.get_channel_name(), news.get_payload_bytes()), ("news", &b"hello"[..]));
        let sport = subscriber.get_message().unwrap();
        assert_eq!(sport.get_pattern::<String>().unwrap(), "sport.*");
        assert_eq!(sport.get_channel_name(), "sport.golf");
        subscriber.unsubscribe("news").unwrap();
        assert_eq!(publisher.publish("news", "nobody"), Ok(0));
    }
}

#[test]
fn messages_are_a_stream() {
    let _server = alone();
    play(async {
        let mut subscriber = client("resp2").get_async_pubsub().await.unwrap();
        subscriber.subscribe("numbers").await.unwrap();
        let mut publisher = connect("resp2");
        for number in 0..100 {
            assert_eq!(publisher.publish("numbers", number), Ok(1));
        }
        let payloads = subscriber.on_message().take(100).map(|message| message.get_payload());
        let numbers: Vec<redis::RedisResult<i32>> = payloads.collect().await;
        assert_eq!(numbers, (0..100).map(Ok).collect::<Vec<_>>());
    });
}

#[test]
fn in_the_third_protocol_a_connection_listens_and_asks() {
    let _server = alone();
    play(async {
        let (sender, mut pushes) = unbounded_channel::<PushInfo>();
        let config: AsyncConnectionConfig = patient().set_push_sender(sender);
        let client = client("resp3");
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connection.await.unwrap();
        connection.subscribe("news").await.unwrap();
        let pong: String = redis::cmd("PING").query_async(&mut connection).await.unwrap();
        assert_eq!(pong, "PONG");
        assert_eq!(connect("resp3").publish("news", "hello"), Ok(1));
        let message = loop {
            let push = tokio::time::timeout(PATIENCE, pushes.recv()).await.unwrap().unwrap();
            if push.kind == PushKind::Message {
                break push.data;
            }
        };
        assert_eq!(message.last(), Some(&Value::BulkString(b"hello".to_vec())));
    });
}

#[test]
fn a_subscriber_that_is_disconnected_is_told() {
    for protocol in PROTOCOLS {
        let _server = alone();
        let (mut other, mut listener) = (connect(protocol), connect(protocol));
        let mut subscriber = listener.as_pubsub();
        subscriber.subscribe("news").unwrap();
        let killed = redis::cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).query(&mut other);
        assert_eq!(killed, Ok(1));
        assert!(subscriber.get_message().unwrap_err().is_connection_dropped());
        until(|| other.publish("news", "nobody") == Ok(0));
    }
}
