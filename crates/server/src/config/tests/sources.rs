//! Sources.

use larder::source::TlsMode;

use super::*;

fn source(lines: &str) -> Result<SourceConfig, String> {
    parse(&format!("[sources.main]\n{lines}\n")).map(|config| config.sources[0].clone())
}

#[track_caller]
fn refused(lines: &str, why: &str) {
    let problem = source(lines).unwrap_err();
    assert!(problem.contains(why) && problem.matches("f:").count() == 1, "{problem}");
}

#[test]
fn sources_are_known_and_understood() {
    let url = |url: &str| mistakes(&format!("[sources.main]\nurl = {url:?}")).concat();
    assert!(url("sqlit:a.db").contains("did you mean \"sqlite\"?"));
    assert!(url("larder.db").contains("write \"sqlite:larder.db\""));
    assert!(url("sqlite:").contains("name a file"));
    assert!(url("sqlite::memory:").contains("name of a file"));
    assert!(url("postgres:shop").contains("postgres://user@host:port/database"));
    assert!(url("mysql://host").contains("mysql://user@host:port/database"));
    let text = "[sources.main]\nreaders = 1\n[keyspaces.k]\nprefix = 'k:'\nsource = 'mian'\n\
                strategy = 'read-through'";
    let expected = [
        "[sources.main] needs a url, such as \"sqlite:larder.db\"",
        "source: there is no [sources.mian]; did you mean \"main\"?",
    ];
    assert_eq!(mistakes(text), expected);
}

#[test]
fn a_server_is_described_in_full() {
    let lines = "url = 'postgres://larder@db/shop'\npassword_file = 'p'\npool_max = 3\n\
                 connect_timeout = '1s'\nstatement_timeout = '2s'\ntls = 'verify-full'\n\
                 tls_ca = 'ca.crt'\nbreaker = { failures = 2, wait = '3s', wait_max = '4s' }";
    let source = source(lines).unwrap();
    let SourceKind::Postgres(database) = source.kind else { panic!("another kind") };
    let second = Duration::from_secs(1);
    assert_eq!((database.pool_max.get(), database.connect_timeout), (3, second));
    assert_eq!(database.statement_timeout, 2 * second);
    assert_eq!(database.tls, Some(TlsMode::VerifyFull));
    assert_eq!(database.tls_ca.unwrap().get_ref(), Path::new("ca.crt"));
    assert!(matches!(database.password, Some(PasswordConfig::File(_))));
    let breaker = source.breaker.unwrap();
    assert_eq!((breaker.failures.get(), breaker.wait), (2, 3 * second));
    assert_eq!(breaker.wait_max, 4 * second);
}

#[test]
fn only_a_server_has_a_breaker_of_itself() {
    let has = |lines: &str| source(lines).unwrap().breaker.is_some();
    assert!(has("url = 'mysql://u@h/d'") && !has("url = 'sqlite:a.db'"));
    assert!(!has("url = 'mysql://u@h/d'\nbreaker = { enabled = false }"));
    assert!(has("url = 'sqlite:a.db'\nbreaker = { failures = 3 }"));
    refused("url = 'sqlite:a.db'\nbreaker = { wait = '1m' }", "wait_max: is shorter than wait");
}

#[test]
fn options_of_another_kind_are_refused() {
    refused("url = 'sqlite:a.db'\npool_max = 2", "pool_max has no meaning for an SQLite file");
    refused("url = 'mysql://u@h/d'\nsample_data = true", "sample_data has no meaning for a server");
    refused("url = 'mysql://u@h/d'\ntls_ca = 'ca.crt'", "add tls = \"verify-full\"");
    refused("url = 'mysql://u@h/d'\npool_max = 0", "at least 1");
}

#[test]
fn a_password_is_said_in_one_place() {
    let both = "url = 'mysql://u@h/d'\npassword_file = 'p'\npassword_variable = 'P'";
    refused(both, "password_file is given too: keep one of them");
    refused("url = 'mysql://u:geheim@h/d'\npassword_variable = 'P'", "take the password out of it");
}

#[test]
fn a_password_is_not_shown() {
    let wrong = "url = 'mysql://u:geheim@h'";
    assert!(!source(wrong).unwrap_err().contains("geheim"));
    let config = parse("[sources.main]\nurl = 'mysql://u:geheim@h/d'").unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
}

#[test]
fn what_the_example_says_of_servers_holds() {
    let sections: Vec<&str> = EXAMPLE
        .lines()
        .filter_map(|line| line.strip_prefix("#     "))
        .skip_while(|line| !line.starts_with("[sources.shop]"))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let example = parse(&sections.join("\n")).unwrap().sources[0].clone();
    let SourceKind::Postgres(database) = &example.kind else { panic!("another kind") };
    let plain = source("url = 'postgres://u@h/d'").unwrap();
    let SourceKind::Postgres(default) = &plain.kind else { panic!("another kind") };
    assert_eq!(database.pool_max, default.pool_max);
    assert_eq!(database.connect_timeout, default.connect_timeout);
    assert_eq!(database.statement_timeout, default.statement_timeout);
    assert_eq!((database.tls, &example.breaker), (Some(TlsMode::Prefer), &plain.breaker));
}
