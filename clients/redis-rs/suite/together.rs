use std::thread;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, transaction_async};
use redis::{AsyncCommands, Commands, Connection, RedisResult, Script, Value, pipe};

use crate::address::{PATIENCE, PROTOCOLS, alone, client, connect, connect_async, play};

#[test]
fn a_pipeline_answers_in_order() {
    for protocol in PROTOCOLS {
        let _server = alone();
        let mut pipeline = pipe();
        (0..1000).for_each(|_| {
            pipeline.incr("count", 1);
        });
        let answers: Vec<i32> = pipeline.query(&mut connect(protocol)).unwrap();
        assert_eq!(answers, (1..=1000).collect::<Vec<_>>());
    }
}

#[test]
fn a_transaction_is_carried_out_as_one() {
    for protocol in PROTOCOLS {
        let _server = alone();
        let mut transaction = pipe();
        transaction.atomic().set("a", 1).ignore().incr("a", 1).hset("h", "f", "v");
        let answers: (i32, i32) = transaction.query(&mut connect(protocol)).unwrap();
        assert_eq!(answers, (2, 1));
    }
}

#[test]
fn an_error_within_a_transaction_undoes_nothing() {
    let _server = alone();
    let mut client = connect("resp3");
    let mut transaction = pipe();
    transaction.atomic().set("a", "x").incr("a", 1).set("b", 1);
    let answers: RedisResult<Value> = transaction.query(&mut client);
    assert!(answers.unwrap_err().to_string().contains("not an integer"));
    assert_eq!(client.mget::<_, Vec<String>>(&["a", "b"]).unwrap(), ["x", "1"]);
}

#[test]
fn optimistic_locking_in_a_pool_loses_no_increment() {
    let _server = alone();
    let pool = r2d2_pool(4);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| add_one(&mut pool.get().unwrap())));
        }
    });
    assert_eq!(pool.get().unwrap().get::<_, i32>("count").unwrap(), 80);
}

fn add_one(client: &mut Connection) {
    let added: RedisResult<(i32,)> = redis::transaction(client, &["count"], |client, queue| {
        let count: Option<i32> = client.get("count")?;
        queue.set("count", count.unwrap_or(0) + 1).ignore().get("count").query(client)
    });
    added.unwrap();
}

fn r2d2_pool(size: u32) -> r2d2::Pool<redis::Client> {
    r2d2::Pool::builder().max_size(size).build(client("resp2")).unwrap()
}

#[test]
fn one_connection_serves_many_tasks() {
    for protocol in PROTOCOLS {
        let _server = alone();
        play(async {
            let client = connect_async(protocol).await;
            let tasks = (0..200).map(|number| {
                let mut client = client.clone();
                tokio::spawn(async move {
                    client.set::<_, _, ()>(number, number).await.unwrap();
                    client.get::<_, i32>(number).await.unwrap()
                })
            });
            for (number, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), i32::try_from(number).unwrap());
            }
        });
    }
}

#[test]
fn optimistic_locking_in_tasks_loses_no_increment() {
    let _server = alone();
    play(async {
        let tasks = (0..5).map(|_| tokio::spawn(add_ten()));
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let count: i32 = connect_async("resp3").await.get("count").await.unwrap();
        assert_eq!(count, 50);
    });
}

async fn add_ten() {
    let client = connect_async("resp3").await;
    for _ in 0..10 {
        let added =
            transaction_async(client.clone(), &["count"], |mut client, mut queue| async move {
                let count: Option<i32> = client.get("count").await?;
                queue.set("count", count.unwrap_or(0) + 1).query_async(&mut client).await
            });
        let _: (Value,) = added.await.unwrap();
    }
}

#[test]
fn a_lost_connection_is_made_anew() {
    for protocol in PROTOCOLS {
        let _server = alone();
        play(async {
            let patient = ConnectionManagerConfig::new().set_response_timeout(Some(PATIENCE));
            let managed = ConnectionManager::new_with_config(client(protocol), patient).await;
            let mut managed = managed.unwrap();
            let id: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut managed).await.unwrap();
            let mut other = connect(protocol);
            let killed = redis::cmd("CLIENT").arg(&["KILL", "ID"]).arg(id).query(&mut other);
            assert_eq!(killed, Ok(1));
            while managed.set::<_, _, ()>("a", 1).await.is_err() {}
            assert_eq!(other.get("a"), Ok(1));
        });
    }
}

#[test]
fn a_script_works_where_there_are_scripts_and_fails_plainly_elsewhere() {
    let answer: RedisResult<String> =
        Script::new("return KEYS[1]").key("a").invoke(&mut connect("resp3"));
    match answer {
        Ok(key) => assert_eq!(key, "a"),
        Err(error) => assert!(error.to_string().contains("unknown command 'EVALSHA'"), "{error}"),
    }
}
