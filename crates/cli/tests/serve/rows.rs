//! Rows of tables that others have made.

use crate::kit::{Larder, on_every_model};

const CONFIG: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.item]
prefix = "item:"
source = "main"
strategy = "write-through"
table = "the \"item\"s; --"
key = "id"
[keyspaces.stock]
prefix = "stock:"
source = "main"
strategy = "write-through"
table = "stock"
key = ["shop", "sku"]
[keyspaces.count]
prefix = "count:"
source = "main"
strategy = "write-through"
table = "stock"
key = ["shop", "sku"]
value = "count"
[keyspaces.soon]
prefix = "soon:"
source = "main"
strategy = "write-behind"
table = "soon"
key = ["id", "part"]
value = "amount"
[keyspaces.later]
prefix = "later:"
source = "main"
strategy = "write-behind"
table = "later"
key = "id"
"#;

const TABLES: &str = r#"
CREATE TABLE "the ""item""s; --" (
    id INTEGER PRIMARY KEY,
    "na""me" TEXT NOT NULL,
    price REAL CHECK (price >= 0),
    photo BLOB,
    "select" TEXT DEFAULT 'x',
    any
);
CREATE TABLE stock (
    shop TEXT NOT NULL, sku TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 0, note TEXT,
    PRIMARY KEY (shop, sku)
);
CREATE TABLE later (id TEXT PRIMARY KEY, a TEXT, b INTEGER NOT NULL, c REAL) STRICT;
CREATE TABLE soon (id INTEGER, part TEXT, amount REAL, PRIMARY KEY (id, part));
"#;

fn on_tables(scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(CONFIG).sql(TABLES).start()));
}

#[test]
fn json_upserts_the_columns_it_names() {
    on_tables(|larder| {
        larder.wire().talk(&[
            (r#"SET item:7 {"na\"me":"tea","price":4.5,"photo":{"hex":"ff00"}}"#, "OK"),
            (
                "GET item:7",
                r#"{"id":7,"na\"me":"tea","price":4.5,"photo":{"hex":"ff00"},"select":"x","any":null}"#,
            ),
            (r#"SET item:7 {"price":5}"#, "OK"),
            ("HMGET item:7 na\"me price select any none", "[tea, 5.0, x, nil, nil]"),
            ("CACHE.DROP item:7", ":1"),
            ("HGET item:7 price", "5.0"),
        ]);
        let item =
            larder.row("SELECT \"na\"\"me\" || price || hex(photo) FROM \"the \"\"item\"\"s; --\"");
        assert_eq!(item.unwrap(), "tea5.0FF00");
        larder.stop();
    });
}

#[test]
fn fields_are_columns() {
    on_tables(|larder| {
        larder.wire().talk(&[
            ("HSET stock:a:b:c count 3 note n", ":2"),
            ("HGETALL stock:a:b:c", "[shop, a, sku, b:c, count, 3, note, n]"),
            ("HSET stock:a:b:c count 4", ":0"),
            ("HDEL stock:a:b:c note none", ":1"),
            ("HGET stock:a:b:c note", "nil"),
            ("HDEL stock:a:b:c sku", "-ERR column 'sku' is part of the key*"),
            ("TYPE stock:a:b:c", "hash"),
            ("HSET count:a:b x 1", "-WRONGTYPE*"),
        ]);
        let stored = larder.row("SELECT shop || sku || count || coalesce(note, '-') FROM stock");
        assert_eq!(stored.unwrap(), "ab:c4-");
        larder.stop();
    });
}

#[test]
fn a_column_counts() {
    on_tables(|larder| {
        larder.wire().talk(&[
            ("SET count:a:b 5", "OK"),
            ("INCR count:a:b", ":6"),
            ("GET count:a:b", "6"),
            ("CACHE.DROP count:a:b", ":1"),
            ("GET count:a:b", "6"),
            ("DEL count:a:b", ":1"),
        ]);
        assert_eq!(larder.row("SELECT shop FROM stock"), None);
        larder.stop();
    });
}

#[test]
fn what_does_not_fit_is_one_clear_error_and_changes_nothing() {
    on_tables(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[(r#"SET item:7 {"na\"me":"tea","price":4.5}"#, "OK")]);
        let before = wire.ask("GET item:7");
        for (command, error) in [
            (r#"SET item:7 {"price":"dear"}"#, "-ERR column 'price' holds numbers, not 'dear'"),
            (r#"SET item:7 {"prize":1}"#, "-ERR table 'the \"item\"s; --' has no column 'prize'*"),
            (r#"SET item:7 {"price":-1}"#, "-ERR*CHECK constraint failed*"),
            (r#"SET item:7 {"na\"me":null}"#, "-ERR column 'na\"me' must have a value, not NULL"),
            (r#"SET item:7 {"id":8}"#, "-ERR column 'id' is part of the key and cannot be changed"),
            ("HDEL item:7 na\"me", "-ERR column 'na\"me' must have a value, not NULL"),
            ("SET item:7 tea", "-ERR a value of table*"),
            ("SET item:7 [1]", "-ERR a value of table*"),
            ("HSET item:7 price dear", "-ERR column 'price' holds numbers*"),
            ("HSET item:7 price NaN", "-ERR*"),
            ("HSET item:7 prize 1", "-ERR table*has no column 'prize'*"),
            ("INCR item:7", "-ERR value is not an integer*"),
            (r#"SET item:x {"na\"me":"tea"}"#, "-ERR column 'id' holds integers, not 'x'"),
            (r#"SET item:07 {"na\"me":"tea"}"#, "-ERR column 'id' spells this key 7, not 07"),
            (r#"SET item:8 {"price":1}"#, "-ERR*NOT NULL constraint failed*"),
            (r#"SET stock:a {"count":1}"#, "-ERR the key a needs 2 parts joined by ':'*"),
            ("GET stock:a", "-ERR*needs 2 parts joined by ':'*"),
            ("SET count:a:b many", "-ERR*"),
        ] {
            let reply = wire.ask(command);
            let mut parts = error.split('*');
            assert!(reply.starts_with(parts.next().unwrap()), "{command}: {reply}");
            assert!(parts.all(|part| reply.contains(part)), "{command}: {reply}");
            assert!(!reply.contains('\n'), "{command}: {reply}");
            assert_eq!(wire.ask("GET item:7"), before, "{command}");
        }
        wire.talk(&[("CACHE.DROP item:7", ":1"), ("GET item:7", &before), ("GET item:8", "nil")]);
        assert_eq!(larder.row("SELECT shop FROM stock"), None);
        larder.stop();
    });
}

#[test]
fn parts_of_a_row_are_queued_and_meet_in_the_row() {
    on_tables(|larder| {
        larder.database().execute("INSERT INTO later VALUES ('x', 'a', 1, 2.5)", []).unwrap();
        let mut wire = larder.wire();
        wire.talk(&[
            (r#"SET later:x {"b":2}"#, "OK"),
            ("HMGET later:x a b", "[a, 2]"),
            ("HSET later:x a c", ":0"),
            ("HMGET later:x a b", "[c, 2]"),
            ("HSET later:y b 3", ":1"),
            ("HGETALL later:y", "[id, y, b, 3]"),
        ]);
        let setup = larder.stop();
        let rows = "SELECT group_concat(id || coalesce(a, '-') || b) FROM later";
        let rows: String = setup.database().query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, "xc2,y-3");
    });
}

#[test]
fn a_queue_takes_nothing_that_the_table_would_refuse_for_its_types_or_its_key() {
    on_tables(|larder| {
        larder.wire().talk(&[
            (r#"SET later:x {"a":null,"b":null}"#, "-ERR column 'b' must have a value, not NULL"),
            (r#"SET later:x {"b":1,"c":"NaN"}"#, "-ERR column 'c' holds numbers, not 'NaN'"),
            (r#"SET later:x {"b":1,"id":"y"}"#, "-ERR column 'id' is part of the key*"),
            ("HSET later:x b 1 a \u{fffd}", ":*"),
            ("SET soon:7 1", "-ERR the key 7 needs 2 parts joined by ':'*"),
            ("SET soon:x:y 1", "-ERR column 'id' holds integers, not 'x'"),
            ("SET soon:07:y 1", "-ERR column 'id' spells this key 7, not 07"),
            ("SET soon:7:y one", "-ERR column 'amount' holds numbers, not 'one'"),
            ("MSET soon:7:y 1.5 soon:x:y 1", "-ERR column 'id' holds integers, not 'x'"),
            ("DEL soon:7", "-ERR the key 7 needs 2 parts joined by ':'*"),
            ("DEL soon:x:y", ":0"),
            ("SET soon:7:y 1.5", "OK"),
        ]);
        for keyspace in ["soon", "later"] {
            assert_eq!(larder.count(keyspace, "queue_dead"), 0);
        }
        let setup = larder.stop();
        let rows = "SELECT (SELECT count(*) FROM later) || max(id || part || amount) FROM soon";
        let rows: String = setup.database().query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, "17y1.5");
    });
}
