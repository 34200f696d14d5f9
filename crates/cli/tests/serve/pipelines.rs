//! Writes that arrive together.

use crate::kit::{Larder, Setup, on_every_model};

const CONFIG: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.through]
prefix = "through:"
source = "main"
strategy = "write-through"
table = "stock"
key = "name"
[keyspaces.behind]
prefix = "behind:"
source = "main"
strategy = "write-behind"
table = "stock"
key = "name"
[keyspaces.around]
prefix = "around:"
source = "main"
strategy = "write-around"
table = "stock"
key = "name"
value = "count"
"#;

const TABLE: &str = "
CREATE TABLE stock (name TEXT PRIMARY KEY, count INTEGER CHECK (count >= 0), unit TEXT);
";

fn on_tables(scenario: impl Fn(Larder)) {
    on_every_model(|setup: Setup| scenario(setup.config(CONFIG).sql(TABLE).start()));
}

#[test]
fn they_share_a_sync_of_the_journal() {
    on_tables(|larder| {
        let sets: Vec<_> = (0..100).map(|n| format!("SET behind:k{n} {{\"count\":{n}}}")).collect();
        assert_eq!(larder.wire().pipeline(&sets.join("\n")), vec!["OK"; 100]);
        let syncs = larder.count("behind", "queue_syncs");
        assert!((1..=20).contains(&syncs), "{syncs} syncs for a pipeline of 100 writes");
        larder.stop();
    });
}

#[test]
fn a_value_that_is_refused_takes_no_other_down() {
    on_tables(|larder| {
        for prefix in ["through", "around"] {
            let set = |key: &str, count: i64| match prefix {
                "around" => format!("SET around:{key} {count}"),
                _ => format!("SET {prefix}:{key} {{\"count\":{count}}}"),
            };
            let pipeline = [set("a", 1), set("b", -1), set("c", 3)].join("\n");
            let replies = larder.wire().pipeline(&pipeline);
            assert_eq!([&*replies[0], &*replies[2]], ["OK", "OK"], "{replies:?}");
            assert!(replies[1].starts_with("-ERR SQLite: CHECK constraint failed"), "{replies:?}");
            assert!(replies[1].contains("key 'b'"), "it is the key that was refused: {replies:?}");
            let counts = "SELECT group_concat(name || count) FROM stock";
            assert_eq!(larder.row(counts).as_deref(), Some("a1,c3"));
            let deleted = larder.wire().ask(&format!("DEL {prefix}:a {prefix}:c"));
            assert_eq!(deleted, ":2");
        }
        larder.stop();
    });
}

#[test]
fn each_follows_those_before_it() {
    on_tables(|larder| {
        for prefix in ["through", "behind"] {
            let pipeline = format!(
                "SET {prefix}:a {{\"count\":1}}\nSET {prefix}:a {{\"unit\":\"kg\"}}\n\
                 HSET {prefix}:a count 2\nHINCRBY {prefix}:a count 5\nSET plain 1\nINCR plain\n\
                 HGETALL {prefix}:a\nGET plain\nDEL {prefix}:a"
            );
            let replies = larder.wire().pipeline(&pipeline);
            let row = "[name, a, count, 7, unit, kg]";
            assert_eq!(replies, ["OK", "OK", ":0", ":7", "OK", ":2", row, "2", ":1"], "{prefix}");
        }
        larder.stop();
    });
}
