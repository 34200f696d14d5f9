//! The crate's own cache of what it has read, which the server keeps coherent.

use redis::aio::MultiplexedConnection;
use redis::caching::CacheConfig;
use redis::{AsyncCommands, Commands};

use crate::address::{alone, client, connect, patient, play};

async fn caching() -> MultiplexedConnection {
    let config = patient().set_cache_config(CacheConfig::default());
    client("resp3").get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

#[test]
fn a_value_that_another_client_changes_is_seen() {
    let _server = alone();
    play(async {
        let (mut other, mut caching) = (connect("resp3"), caching().await);
        for value in 0..10 {
            other.set::<_, _, ()>("a", value).unwrap();
            while caching.get::<_, i32>("a").await.unwrap() != value {}
        }
        other.del::<_, ()>("a").unwrap();
        while caching.get::<_, Option<i32>>("a").await.unwrap().is_some() {}
    });
}

#[test]
fn a_flush_is_seen() {
    let _server = alone();
    play(async {
        let (mut other, mut caching) = (connect("resp3"), caching().await);
        other.set::<_, _, ()>("a", 1).unwrap();
        assert_eq!(caching.get::<_, i32>("a").await, Ok(1));
        redis::cmd("FLUSHALL").exec(&mut other).unwrap();
        while caching.get::<_, Option<i32>>("a").await.unwrap().is_some() {}
    });
}

#[test]
fn a_repeated_read_asks_the_server_once() {
    let _server = alone();
    play(async {
        let mut caching = caching().await;
        connect("resp3").set::<_, _, ()>("a", 1).unwrap();
        for _ in 0..10 {
            assert_eq!(caching.get::<_, i32>("a").await, Ok(1));
        }
        let counts = caching.get_cache_statistics().unwrap();
        assert_eq!((counts.hit, counts.miss), (9, 1));
    });
}
