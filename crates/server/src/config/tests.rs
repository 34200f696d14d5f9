//! What a configuration may say, and what each mistake is answered with.

mod behind;
mod sources;

use super::*;
use std::time::Duration;

const EXAMPLE: &str = include_str!("../../../../larder.example.toml");

const SOURCE: &str = "[sources.main]\nurl = \"sqlite:a.db\"\n";

fn parse(text: &str) -> Result<Config, String> {
    let text = ConfigText::new("f", text);
    text.parse(&Overrides::default()).map_err(|report| text.render(&report))
}

/// A configuration with one keyspace, `k`, that says `lines`.
fn keyspace(lines: &str) -> Result<KeyspaceConfig, String> {
    let text = format!("{SOURCE}[keyspaces.k]\nprefix = \"k:\"\nsource = \"main\"\n{lines}\n");
    parse(&text).map(|config| config.keyspaces[0].clone())
}

/// The first words of each problem, without its place.
fn mistakes(text: &str) -> Vec<String> {
    let report = ConfigText::new("f", text).parse(&Overrides::default()).unwrap_err();
    report.problems().iter().map(|problem| problem.message().to_owned()).collect()
}

#[track_caller]
fn is_refused(result: Result<KeyspaceConfig, String>, place: &str, why: &str) {
    let problem = result.unwrap_err();
    let expected = format!("f:{place}: ");
    assert!(problem.starts_with(&expected) && problem.contains(why), "{problem}");
    assert_eq!(problem.matches("f:").count(), 1, "one problem: {problem}");
}

/// The example with every option that is commented out set, one way or all together.
fn uncommented() -> String {
    let option = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let lines = EXAMPLE.lines().map(|line| line.strip_prefix('#').filter(option).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

fn addresses(config: &Config) -> Vec<String> {
    config.listeners().map(|listen| listen.address.to_string()).collect()
}

fn without_places(config: &Config) -> String {
    let mut config = config.clone();
    config.keyspaces.sort_by(|a, b| a.name.cmp(&b.name));
    let text = format!("{config:?}");
    let mut parts = text.split("span: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c != ','))
}

#[test]
fn built_in() {
    let config = ConfigText::built_in().parse(&Overrides::default()).unwrap();
    assert_eq!(addresses(&config), ["127.0.0.1:7379"]);
    let strategies = config
        .keyspaces
        .iter()
        .map(|keyspace| (keyspace.prefix.get_ref().as_str(), keyspace.strategy.name()));
    let expected = [
        ("aside:", "cache-aside"),
        ("read:", "read-through"),
        ("through:", "write-through"),
        ("behind:", "write-behind"),
        ("around:", "write-around"),
        ("airport:", "read-through"),
    ];
    assert_eq!(strategies.collect::<Vec<_>>(), expected);
    let RowsConfig::Table { table, key, value } = &config.keyspaces[5].rows else { panic!() };
    assert_eq!((table.get_ref().as_str(), key[0].get_ref().as_str()), ("airports", "icao"));
    assert!(matches!(value, ValueConfig::Row));
}

#[test]
fn the_example_says_what_is_built_in() {
    let built_in = ConfigText::built_in().parse(&Overrides::default()).unwrap();
    assert_eq!(without_places(&parse(EXAMPLE).unwrap()), without_places(&built_in));
}

#[test]
fn what_the_example_comments_out_are_the_defaults() {
    let example = uncommented().replace("soft = \"100ms\", ", "");
    assert_ne!(example, EXAMPLE);
    let example = parse(&example).unwrap();
    assert_eq!(without_places(&example), without_places(&parse(EXAMPLE).unwrap()));
}

#[test]
fn the_example_names_every_option() {
    let (_, findings) = ConfigText::new("f", uncommented()).examine(&Overrides::default());
    assert!(findings.options.len() > 40);
    for option in findings.options {
        let named = [format!("{option} = "), format!("[{option}"), format!(".{option}]")];
        assert!(named.iter().any(|name| EXAMPLE.contains(name)), "{option}");
    }
}

#[test]
fn an_empty_file_serves_the_default_keyspace() {
    let config = parse("").unwrap();
    assert!(config.keyspaces.is_empty() && config.sources.is_empty());
    assert_eq!(config.unmatched, Unmatched::Cache(Capacity::DEFAULT));
    assert_eq!(parse("default = \"refuse\"").unwrap().unmatched, Unmatched::Refuse);
}

#[test]
fn the_command_line_goes_before_the_file() {
    let overrides = Overrides {
        listen: Some("localhost:1".into()),
        data: Some("/d".into()),
        model: Some("tasks".into()),
        ..Overrides::default()
    };
    let text = format!("listen = \"127.0.0.1:2\"\ndata = \"x\"\nmodel = \"reactors\"\n{SOURCE}");
    let config = ConfigText::new("f", text).parse(&overrides).unwrap();
    assert_eq!(addresses(&config), ["127.0.0.1:1"]);
    assert_eq!(config.model, ModelName::Tasks);
    let SourceKind::Sqlite(SqliteConfig { path, .. }) = &config.sources[0].kind else { panic!() };
    assert_eq!(path, Path::new("/d/a.db"));
}

#[test]
fn mistakes_of_the_command_line_have_no_place() {
    let overrides = Overrides {
        listen: Some("0.0.0.0:1".into()),
        model: Some("task".into()),
        ..Overrides::default()
    };
    let text = ConfigText::new("f", "");
    let problems = text.render(&text.parse(&overrides).unwrap_err());
    assert!(problems.starts_with("--listen: 0.0.0.0:1 can be reached from other machines"));
    assert!(problems.contains("--model: \"task\" is not known; did you mean \"tasks\"?\n"));
}

#[test]
fn other_machines_are_kept_out() {
    for address in ["127.0.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1"] {
        parse(&format!("listen = {address:?}")).unwrap();
    }
    for address in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
        let problem = parse(&format!("listen = [\"localhost:1\", {address:?}]")).unwrap_err();
        let expected = format!("f:1:26: listen: {address} can be reached from other machines");
        assert!(problem.starts_with(&expected), "{problem}");
        assert!(problem.contains("listen on 127.0.0.1:1, or let other machines in by [tls]"));
    }
}

#[test]
fn listens_on_addresses_of_this_machine() {
    let config =
        parse("listen = [\"127.0.0.1:1\", \"[::1]:1\", \"[::1]:0\", \"[::1]:0\"]").unwrap();
    assert_eq!(addresses(&config), ["127.0.0.1:1", "[::1]:1", "[::1]:0", "[::1]:0"]);
    for address in ["localhost", "127.0.0.1", "localhost:99999", "example.org:1"] {
        let problem = parse(&format!("listen = {address:?}")).unwrap_err();
        assert!(problem.contains("expected an IP address and a port"), "{problem}");
    }
    let list = |list: &str| mistakes(&format!("listen = {list}")).concat();
    assert!(list("7379").ends_with("such as \"127.0.0.1:7379\", or a list of them"));
    assert!(list("['localhost:1', 'localhost']").ends_with("found \"localhost\""));
    assert_eq!(
        list("['localhost:1', '127.0.0.1:1']"),
        "listen: 127.0.0.1:1 is named twice: remove one"
    );
    assert_eq!(list("[]"), "listen: name an address, or add [tls] with one");
}

#[test]
fn every_option_of_each_strategy_is_read() {
    let through = keyspace("strategy='write-through'\norder='cache-first'\nwrite_timeout='1s'");
    let expected = StrategyConfig::WriteThrough {
        order: WriteOrder::CacheFirst,
        write_timeout: Duration::from_secs(1),
    };
    assert_eq!(through.unwrap().strategy, expected);
    let around = keyspace("strategy='write-around'\nread='cache-aside'\ndrop_cached=false");
    let expected = StrategyConfig::WriteAround { read: ReadPolicy::CacheAside, drop_cached: false };
    assert_eq!(around.unwrap().strategy, expected);
}

#[test]
fn freshness_is_read() {
    let read = keyspace(
        "strategy='read-through'\nttl='1m'\nttl_jitter=1\nnegative_ttl='0s'\nrefresh_ahead='10s'\n\
         stale_while_revalidate='2s'\nstale_if_error='1h'\nload_timeout={soft='50ms',hard='2s'}",
    );
    let expected = FreshnessConfig {
        ttl: Some(Duration::from_secs(60)),
        ttl_jitter: 1.0,
        negative_ttl: Duration::ZERO,
        stale_while_revalidate: Duration::from_secs(2),
        stale_if_error: Duration::from_secs(3_600),
        refresh_ahead: Duration::from_secs(10),
        load_timeout: LoadTimeoutConfig {
            soft: Some(Duration::from_millis(50)),
            hard: Duration::from_secs(2),
        },
    };
    assert_eq!(read.unwrap().freshness, expected);
}

#[test]
fn an_option_of_another_strategy_is_refused() {
    let refused = keyspace("strategy = 'read-through'\norder = 'cache-first'");
    is_refused(refused, "7:1", "order belongs to write-through, this is read-through: remove it");
    let refused = keyspace("strategy = 'write-around'\nread = 'cache-aside'\nrefresh_ahead = '1s'");
    is_refused(refused, "8:1", "has no meaning where the application loads");
}

#[test]
fn a_wrong_strategy_is_the_only_problem() {
    let refused = keyspace("strategy = 'write-trough'\norder = 'cache-first'\nrefresh_ahead='1s'");
    is_refused(refused, "6:12", "did you mean \"write-through\"?");
    is_refused(keyspace(""), "3:12", "[keyspaces.k] needs a strategy, which is one of cache-aside");
}

#[test]
fn contradictions_are_refused() {
    let read = |line: &str| keyspace(&format!("strategy = 'read-through'\n{line}"));
    is_refused(read("max_entries = 1\nmax_bytes = '1MB'"), "8:1", "keep one of them");
    is_refused(read("ttl = 'never'\nstale_if_error = '1s'"), "8:18", "no copy grows stale");
    is_refused(read("ttl = '5s'\nrefresh_ahead = '5s'"), "8:17", "make it shorter than ttl");
    is_refused(read("load_timeout = {soft = '9s'}"), "7:24", "waits at most 5s");
    is_refused(read("load_timeout = {hard = '0s'}"), "7:24", "a duration above zero");
    is_refused(read("key = 'a'"), "7:1", "speaks of a table");
    is_refused(read("table = 't'"), "3:12", "needs the column its keys are in");
    is_refused(read("table = 't'\nkey = ['a', 'a']"), "8:13", "named twice");
    is_refused(read("table = 't'\nkey = 'a'\nvalue = 'a'"), "9:9", "part of the key");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let read = |line: &str| keyspace(&format!("strategy = 'read-through'\n{line}"));
    is_refused(read("ttl = 5"), "7:7", "ttl: expected a duration above zero such as \"5m\"");
    is_refused(read("ttl = '0s'"), "7:7", "or \"never\"");
    is_refused(read("ttl_jitter = 1.1"), "7:14", "from 0.0 to 1.0");
    is_refused(read("ttl_jitter = nan"), "7:14", "from 0.0 to 1.0");
    is_refused(read("max_entries = 0"), "7:15", "at least 1");
    is_refused(read("max_bytes = '64'"), "7:13", "such as \"64MB\"");
    is_refused(read("table = 't'\nkey = []"), "8:7", "expected a column");
    is_refused(read("table = ''\nkey = 'a'"), "7:9", "not empty");
}

#[test]
fn prefixes_are_unique_and_not_empty() {
    let one = |name, prefix| {
        format!("[keyspaces.{name}]\nprefix='{prefix}'\nsource='main'\nstrategy='read-through'\n")
    };
    let nested = format!("{SOURCE}{}{}", one("a", "a:"), one("b", "a:b:"));
    assert_eq!(parse(&nested).unwrap().keyspaces.len(), 2);
    let same = format!("{SOURCE}{}{}", one("b", "a:"), one("a", "a:"));
    assert_eq!(mistakes(&same), ["prefix: \"a:\" is that of b already: choose another"]);
    let empty = format!("{SOURCE}{}", one("a", ""));
    assert_eq!(mistakes(&empty), ["prefix: expected a text in quotes that is not empty"]);
    let reserved = format!("{SOURCE}{}", one("default", "a:"));
    assert!(mistakes(&reserved)[0].contains("choose another name"));
}

#[test]
fn every_problem_shows_up_in_one_run() {
    let text =
        "listn = 'x'\nmodel = 'actors'\n[limits]\nmaxclients = -1\nfoo = 1\n[keyspaces]\nk = 2";
    let problem = parse(text).unwrap_err();
    let places: Vec<_> = problem.lines().filter_map(|line| line.strip_prefix("f:")).collect();
    assert_eq!(places.len(), 5, "{problem}");
    assert!(places[0].starts_with("1:1: \"listn\" is not an option of this file; did you mean"));
    assert!(places[1].starts_with("2:9: model: \"actors\" is not known; did you mean"));
    assert!(places[3].starts_with("5:1: \"foo\" is not an option of [limits]; known here: "));
    assert!(places[4].starts_with("7:5: keyspaces.k: expected a section, [keyspaces.k]"));
}

#[test]
fn what_is_no_toml_is_shown_where_it_is() {
    let problem = parse("listen = \"a\nmodel = = 2\n").unwrap_err();
    assert!(problem.starts_with("f:1:") && problem.contains("f:2:"), "{problem}");
}
