//! `MULTI` and `EXEC` over one write-through keyspace: one transaction of the source.

use std::thread;

use crate::kit::{Larder, STRATEGIES, on_every_model};
use crate::wire::Wire;

const ACCOUNTS: &str = r#"
[sources.main]
url = "sqlite:larder.db"
[keyspaces.account]
prefix = "account:"
source = "main"
strategy = "write-through"
write_timeout = "300ms"
table = "accounts"
key = "name"
[keyspaces.other]
prefix = "other:"
source = "main"
strategy = "write-through"
"#;

const TABLE: &str = "CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL,
        CHECK (balance >= 0));
    INSERT INTO accounts VALUES ('a', 100), ('b', 100)";

fn on_accounts(scenario: impl Fn(Larder)) {
    on_every_model(|setup| scenario(setup.config(ACCOUNTS).sql(TABLE).start()));
}

fn balances(larder: &Larder) -> String {
    let rows =
        "SELECT group_concat(name || '=' || balance) FROM (SELECT * FROM accounts ORDER BY 1)";
    larder.row(rows).unwrap()
}

fn exec(wire: &mut Wire, commands: &str) -> String {
    wire.pipeline(&format!("MULTI\n{commands}\nEXEC")).pop().unwrap()
}

#[test]
fn what_one_command_writes_the_next_one_reads() {
    on_accounts(|larder| {
        let mut wire = larder.wire();
        let replies = exec(
            &mut wire,
            "HINCRBY account:a balance -30\nHINCRBY account:b balance 30\nHGET account:a balance\n\
             GET account:b\nDEL account:c\nEXISTS account:a account:c",
        );
        assert_eq!(replies, r#"[:70, :130, 70, {"name":"b","balance":130}, :0, :1]"#);
        assert_eq!(balances(&larder), "a=70,b=130");
        let replies = exec(
            &mut wire,
            "HSET account:c balance 1\nHGETALL account:c\nDEL account:c\nEXISTS account:c\n\
             HGET account:a balance\nSET other:x 1",
        );
        // Two keyspaces: each command on its own, as it says.
        assert_eq!(replies, "[:1, [name, c, balance, 1], :1, :0, 70, OK]");
        larder.stop();
    });
}

#[test]
fn a_transaction_that_the_source_refuses_has_changed_nothing() {
    on_accounts(|larder| {
        let mut wire = larder.wire();
        wire.talk(&[("HGET account:a balance", "100")]);
        let refused = exec(
            &mut wire,
            "HINCRBY account:b balance 130\nHINCRBY account:a balance -130\nHGET account:a balance",
        );
        assert!(refused.starts_with("-ERR ") && refused.contains("CHECK"), "{refused}");
        assert_eq!(balances(&larder), "a=100,b=100");
        wire.talk(&[("HGET account:a balance", "100"), ("HGET account:b balance", "100")]);
        larder.stop();
    });
}

#[test]
fn a_command_that_is_refused_for_itself_leaves_the_others() {
    on_accounts(|larder| {
        let replies = exec(
            &mut larder.wire(),
            "HSET account:a nothing 1\nHINCRBY account:a balance 1\nHINCRBY account:b name 1",
        );
        assert!(replies.starts_with("[-ERR table 'accounts' has no column"), "{replies}");
        assert!(replies.contains(", :101, -ERR "), "{replies}");
        assert_eq!(balances(&larder), "a=101,b=100");
        larder.stop();
    });
}

#[test]
fn an_outcome_that_is_unknown_is_said_once_for_all() {
    on_accounts(|larder| {
        let mut wire = larder.wire();
        let held = larder.writes_held();
        let unknown = exec(&mut wire, "HINCRBY account:a balance 1\nHINCRBY account:b balance 1");
        assert!(unknown.starts_with("-UNKNOWN "), "{unknown}");
        drop(held);
        // It was on its way, and takes effect after all: as a whole.
        wire.until("HMGET account:a balance", "[101]");
        wire.until("HMGET account:b balance", "[101]");
        larder.stop();
    });
}

#[test]
fn transfers_of_many_clients_keep_the_sum() {
    const ROUNDS: usize = 40;
    on_accounts(|larder| {
        thread::scope(|scope| {
            for (from, to) in [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")] {
                let mut wire = larder.wire();
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        let transfer = format!(
                            "HINCRBY account:{from} balance -1\nHINCRBY account:{to} balance 1"
                        );
                        let replies = exec(&mut wire, &transfer);
                        assert!(replies.starts_with("[:"), "{replies}");
                    }
                });
            }
            let mut reader = larder.wire();
            for _ in 0..ROUNDS {
                let seen = exec(&mut reader, "HGET account:a balance\nHGET account:b balance");
                let numbers = seen.trim_matches(['[', ']']).split(", ");
                let sum: i64 = numbers.map(|number| number.parse::<i64>().unwrap()).sum();
                assert_eq!(sum, 200, "{seen}");
            }
        });
        assert_eq!(balances(&larder), "a=100,b=100");
        larder.stop();
    });
}

#[test]
fn a_watched_row_that_was_written_ends_the_transaction() {
    on_accounts(|larder| {
        let (mut wire, mut other) = (larder.wire(), larder.wire());
        wire.talk(&[("HGET account:a balance", "100"), ("WATCH account:a", "OK")]);
        other.talk(&[("HINCRBY account:a balance 1", ":101")]);
        assert_eq!(exec(&mut wire, "HSET account:a balance 7"), "nil");
        wire.talk(&[("WATCH account:a", "OK")]);
        assert_eq!(exec(&mut wire, "HSET account:a balance 7"), "[:0]");
        assert_eq!(balances(&larder), "a=7,b=100");
        larder.stop();
    });
}

#[test]
fn other_strategies_carry_each_command_out_on_its_own() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let mut wire = larder.wire();
        for prefix in ["behind", "around", "through"] {
            let commands =
                format!("SET {prefix}:a 1\nINCR {prefix}:a\nGET {prefix}:a\nTTL {prefix}:a");
            let replies = exec(&mut wire, &commands);
            assert!(replies.starts_with("[OK, :2, 2, "), "{prefix}: {replies}");
        }
        larder.stop();
    });
}

#[test]
fn every_command_that_changes_keys_has_its_part() {
    on_every_model(|setup| {
        let larder = setup.config(STRATEGIES).start();
        let mut wire = larder.wire();
        wire.talk(&[("MSET through:a 1 through:b 2", "OK")]);
        let replies = exec(
            &mut wire,
            "MSETNX through:a 7 through:c 7\nMSETNX through:c 3 through:d 4\nRENAME through:a through:e\n\
             COPY through:b through:a\nAPPEND through:a x\nGETDEL through:b\nEXPIRE through:c 100\n\
             TTL through:c\nMGET through:a through:b through:c through:d through:e\n\
             DEBUG SLEEP 1\nPING",
        );
        let expected = "[:0, :1, OK, :1, :2, 2, :1, :100, [2x, nil, 3, 4, 1], -ERR ";
        assert!(replies.starts_with(expected) && replies.ends_with(", PONG]"), "{replies}");
        let rows =
            "SELECT group_concat(key || '=' || value) FROM (SELECT * FROM through ORDER BY 1)";
        assert_eq!(larder.row(rows).unwrap(), "a=2x,c=3,d=4,e=1");
        wire.talk(&[("TTL through:c", ":100"), ("MGET through:a through:b", "[2x, nil]")]);
        larder.stop();
    });
}

#[test]
fn a_row_that_is_deleted_and_made_again_keeps_nothing_of_itself() {
    on_every_model(|setup| {
        let table = "CREATE TABLE accounts (name TEXT PRIMARY KEY, balance INTEGER, note TEXT);
            INSERT INTO accounts VALUES ('a', 1, 'old')";
        let larder = setup.config(ACCOUNTS).sql(table).start();
        let replies = exec(
            &mut larder.wire(),
            "HGET account:a note\nDEL account:a\nHSET account:a balance 2\nHGET account:a note",
        );
        assert_eq!(replies, "[old, :1, :1, nil]");
        assert_eq!(
            larder.row("SELECT balance || coalesce(note, '-') FROM accounts").unwrap(),
            "2-"
        );
        larder.stop();
    });
}

#[test]
fn a_client_that_goes_in_the_midst_keeps_nobody_waiting() {
    on_accounts(|larder| {
        let held = larder.writes_held();
        let (mut slow, mut gone) = (larder.wire(), larder.wire());
        slow.send("HINCRBY account:b balance 1");
        gone.send("MULTI\nHINCRBY account:a balance 1\nHINCRBY account:b balance 1\nEXEC");
        drop(gone);
        drop(held);
        slow.read().unwrap();
        let mut wire = larder.wire();
        wire.until("HSET account:a balance 7", ":0");
        wire.until("HSET account:b balance 7", ":0");
        assert_eq!(balances(&larder), "a=7,b=7");
        larder.stop();
    });
}
