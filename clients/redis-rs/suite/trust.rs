use redis::{AsyncCommands, Client, Commands, ConnectionLike, RedisError, cmd};

use crate::address::{PROTOCOLS, patient, play, trusted, trusting, url, variable};

fn guarded(user: &str, protocol: &str) -> Result<redis::Connection, RedisError> {
    Client::open(url("redis", user, "CLIENTS_GUARDED_PORT", protocol))?.get_connection()
}

fn user(name: &str) -> String {
    format!("{name}:{}@", variable("CLIENTS_PASSWORD"))
}

#[test]
fn a_password_alone_is_that_of_the_default_user() {
    for protocol in PROTOCOLS {
        let mut client = guarded(&user(""), protocol).unwrap();
        assert_eq!(cmd("ACL").arg("WHOAMI").query(&mut client), Ok("default".to_owned()));
    }
}

#[test]
fn a_user_has_a_name_and_a_password() {
    for protocol in PROTOCOLS {
        let mut client = guarded(&user("application"), protocol).unwrap();
        assert_eq!(cmd("ACL").arg("WHOAMI").query(&mut client), Ok("application".to_owned()));
        assert_eq!(client.set("a", 1), Ok(()));
    }
}

#[test]
fn whoever_is_not_known_is_refused() {
    for protocol in PROTOCOLS {
        assert!(guarded(":guess@", protocol).is_err());
        assert!(guarded("nobody:guess@", protocol).is_err());
    }
    let refused = guarded("", "resp2").unwrap().get::<_, String>("a").unwrap_err();
    assert_eq!(refused.code(), Some("NOAUTH"));
}

#[test]
fn a_user_can_do_no_more_than_is_granted() {
    for protocol in PROTOCOLS {
        let mut client = guarded(&user("reader"), protocol).unwrap();
        client.get::<_, Option<String>>("shared:a").unwrap();
        let refused = client.set::<_, _, ()>("shared:a", 1).unwrap_err();
        assert_eq!(refused.code(), Some("NOPERM"));
        let refused = client.get::<_, Option<String>>("private:a").unwrap_err();
        assert_eq!(refused.code(), Some("NOPERM"));
        assert!(client.check_connection());
    }
}

#[test]
fn big_values_pass_through_tls() {
    for protocol in PROTOCOLS {
        let url = url("rediss", &user("application"), "CLIENTS_GUARDED_TLS_PORT", protocol);
        let client = Client::build_with_tls(url, trusting()).unwrap();
        let megabyte = "x".repeat(1_000_000);
        let mut connection = client.get_connection().unwrap();
        connection.set::<_, _, ()>("secret", &megabyte).unwrap();
        play(async {
            let config = patient();
            let connection = client.get_multiplexed_async_connection_with_config(&config);
            let value: String = connection.await.unwrap().get("secret").await.unwrap();
            assert_eq!(value, megabyte);
        });
    }
}

#[test]
fn a_server_of_an_unknown_authority_is_not_spoken_to() {
    let client = Client::open(url("rediss", &user(""), "CLIENTS_GUARDED_TLS_PORT", "resp3"));
    assert!(client.unwrap().get_connection().is_err());
}

#[test]
fn clients_show_their_certificates_where_the_server_asks_for_them() {
    let url = url("rediss", "", "CLIENTS_MUTUAL_TLS_PORT", "resp3");
    let client = Client::build_with_tls(url.as_str(), trusted()).unwrap();
    assert_eq!(client.get_connection().unwrap().set("a", 1), Ok(()));
    let client = Client::build_with_tls(url.as_str(), trusting()).unwrap();
    let answer = client.get_connection().and_then(|mut connection| connection.get::<_, i32>("a"));
    assert!(answer.is_err());
}
