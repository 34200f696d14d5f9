use std::collections::{HashMap, HashSet};

use redis::{Commands, ErrorKind, ExistenceCheck, Expiry, ServerErrorKind, SetExpiry, SetOptions};

use crate::address::{PROTOCOLS, alone, connect};

fn with_both_protocols(scenario: impl Fn(redis::Connection)) {
    for protocol in PROTOCOLS {
        let _server = alone();
        scenario(connect(protocol));
    }
}

#[test]
fn set_and_get_with_every_option() {
    with_both_protocols(|mut client| {
        let new = SetOptions::default().conditional_set(ExistenceCheck::NX);
        let first: bool =
            client.set_options("a", 1, new.clone().with_expiration(SetExpiry::EX(100))).unwrap();
        assert!(first);
        let kept = SetOptions::default().conditional_set(ExistenceCheck::XX).get(true);
        let before: i32 =
            client.set_options("a", 2, kept.with_expiration(SetExpiry::KEEPTTL)).unwrap();
        assert_eq!(before, 1);
        assert!((1..=100).contains(&client.ttl::<_, i64>("a").unwrap()));
        let again: bool = client.set_options("a", 3, new).unwrap();
        assert!(!again);
        assert_eq!(client.get_ex::<_, i32>("a", Expiry::PERSIST).unwrap(), 2);
        assert_eq!(client.ttl::<_, i64>("a").unwrap(), -1);
        assert_eq!(client.get_del::<_, Option<i32>>("a").unwrap(), Some(2));
        assert_eq!(client.get::<_, Option<i32>>("a").unwrap(), None);
    });
}

#[test]
fn values_have_the_types_of_rust() {
    with_both_protocols(|mut client| {
        client.mset::<_, _, ()>(&[("a", "1"), ("b", "2.5")]).unwrap();
        let (whole, fraction, none): (i64, f64, Option<String>) =
            client.mget(&["a", "b", "c"]).unwrap();
        assert_eq!((whole, fraction, none), (1, 2.5, None));
        assert_eq!(client.incr::<_, _, i64>("a", 41).unwrap(), 42);
        assert_eq!(client.incr::<_, _, f64>("b", 0.5).unwrap(), 3.0);
        assert_eq!(client.append::<_, _, i64>("c", "Hello World").unwrap(), 11);
        assert_eq!(client.getrange::<_, String>("c", 0, 4).unwrap(), "Hello");
        assert_eq!(client.exists::<_, usize>(&["a", "b", "z"]).unwrap(), 2);
        client.rename::<_, _, ()>("a", "d").unwrap();
        assert_eq!(client.del::<_, usize>(&["b", "c", "d", "z"]).unwrap(), 3);
    });
}

#[test]
fn hashes_are_maps() {
    with_both_protocols(|mut client| {
        let person = [("name", "Ada"), ("age", "36")];
        client.hset_multiple::<_, _, _, ()>("h", &person).unwrap();
        let all: HashMap<String, String> = client.hgetall("h").unwrap();
        assert_eq!(all, person.map(|(field, value)| (field.to_owned(), value.to_owned())).into());
        assert_eq!(client.hincr::<_, _, _, i64>("h", "age", 1).unwrap(), 37);
        assert!(client.hexists::<_, _, bool>("h", "name").unwrap());
        assert_eq!(client.hdel::<_, _, usize>("h", &["name", "age", "shoe"]).unwrap(), 2);
        assert_eq!(client.hlen::<_, usize>("h").unwrap(), 0);
    });
}

#[test]
fn keys_expire_when_they_are_told_to() {
    with_both_protocols(|mut client| {
        client.set::<_, _, ()>("a", 1).unwrap();
        assert!(client.expire::<_, bool>("a", 100).unwrap());
        assert!(client.pexpire_at::<_, bool>("a", 4_102_444_800_123).unwrap());
        assert_eq!(client.expire_time::<_, i64>("a").unwrap(), 4_102_444_800);
        assert!(client.persist::<_, bool>("a").unwrap());
        assert!(client.expire_at::<_, bool>("a", 1).unwrap());
        assert_eq!(client.ttl::<_, i64>("a").unwrap(), -2);
    });
}

#[test]
fn every_key_and_every_field_is_met_when_iterating() {
    with_both_protocols(|mut client| {
        let names: Vec<_> = (0..600).map(|number| (format!("name:{number}"), number)).collect();
        client.mset::<_, _, ()>(&names).unwrap();
        client.hset_multiple::<_, _, _, ()>("h", &names).unwrap();
        let keys: redis::RedisResult<HashSet<String>> =
            client.scan_match("name:*").unwrap().collect();
        assert_eq!(keys.unwrap().len(), 600);
        let fields: redis::RedisResult<HashMap<String, i32>> = client.hscan("h").unwrap().collect();
        assert_eq!(fields.unwrap(), names.into_iter().collect());
    });
}

#[test]
fn any_bytes_are_a_key_and_a_value_and_values_may_be_big() {
    with_both_protocols(|mut client| {
        let key: Vec<u8> = (0..=255).collect();
        let megabyte = key.repeat(4096);
        client.set::<_, _, ()>(&key, &megabyte).unwrap();
        assert_eq!(client.get::<_, Vec<u8>>(&key).unwrap(), megabyte);
        assert_eq!(client.keys::<_, Vec<Vec<u8>>>("*").unwrap(), [key]);
    });
}

#[test]
fn errors_are_those_of_the_command_alone() {
    with_both_protocols(|mut client| {
        client.hset::<_, _, _, ()>("h", "f", "v").unwrap();
        let wrong = client.get::<_, String>("h").unwrap_err();
        assert_eq!(wrong.code(), Some("WRONGTYPE"));
        let unknown = redis::cmd("NO.SUCH.COMMAND").exec(&mut client).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
        assert!(unknown.to_string().contains("unknown command"), "{unknown}");
        assert_eq!(client.hget::<_, _, String>("h", "f").unwrap(), "v");
    });
}
