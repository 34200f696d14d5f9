//! The queue of write-behind.

use std::num::{NonZeroU64, NonZeroUsize};

use super::*;

fn behind(options: &str) -> Result<WriteBehindConfig, String> {
    let keyspace = keyspace(&format!("strategy = 'write-behind'\nwrite_behind = {{ {options} }}"));
    let StrategyConfig::WriteBehind(behind) = keyspace?.strategy else {
        panic!("another strategy")
    };
    Ok(behind)
}

#[track_caller]
fn refused(options: &str, column: usize, why: &str) {
    let problem = behind(options).unwrap_err();
    assert!(problem.starts_with(&format!("f:7:{column}: ")) && problem.contains(why), "{problem}");
}

#[test]
fn every_option_is_read() {
    let options = "journal='durable', sync='interval:50ms', journal_dir='j', segment_size='8MiB', \
        batch_max=2, flush_interval='1ms', queue_max=3, queue_bytes_max='4KB', coalesce=false, \
        workers=5, on_full='through:7s', dead_max=6";
    let number = |number| NonZeroUsize::new(number).unwrap();
    let expected = WriteBehindConfig {
        journal: JournalConfig::Durable(DurableConfig {
            folder: Path::new("./j").to_owned(),
            sync: SyncConfig::Interval(Duration::from_millis(50)),
            segment_size: NonZeroU64::new(8 << 20).unwrap(),
        }),
        batch_max: number(2),
        flush_interval: Duration::from_millis(1),
        queue_max: number(3),
        queue_bytes_max: NonZeroU64::new(4_000).unwrap(),
        coalesce: false,
        workers: number(5),
        on_full: OnFull::Through(Duration::from_secs(7)),
        dead_max: number(6),
    };
    assert_eq!(behind(options).unwrap(), expected);
}

#[test]
fn a_journal_is_durable_unless_it_says_otherwise() {
    let plain = keyspace("strategy = 'write-behind'").unwrap().strategy;
    let journal = plain.durable().unwrap();
    assert_eq!(
        (journal.folder.as_path(), journal.sync),
        (Path::new("./journal/k"), SyncConfig::Always)
    );
    assert_eq!(behind("coalesce = true").map(StrategyConfig::WriteBehind).unwrap(), plain);
    assert_eq!(behind("journal = 'memory'").unwrap().journal, JournalConfig::Memory);
    let os = StrategyConfig::WriteBehind(behind("sync = 'os'").unwrap());
    assert_eq!(os.durable().unwrap().sync, SyncConfig::Os);
}

#[test]
fn what_happens_to_a_write_past_a_full_queue_is_chosen() {
    let on_full = |word: &str| behind(&format!("on_full = '{word}'")).unwrap().on_full;
    let second = Duration::from_secs(1);
    assert_eq!(on_full("block:1s"), OnFull::Block(second));
    assert_eq!(
        (on_full("reject"), on_full("through")),
        (OnFull::Reject, OnFull::Through(5 * second))
    );
}

#[test]
fn values_that_make_no_sense_are_refused() {
    refused("batch_max = 0", 30, "at least 1");
    refused("on_full = 'block'", 28, "such as \"block:2s\"");
    refused("on_full = 'block:0s'", 28, "such as \"block:2s\"");
    refused("on_full = 'through:x'", 28, "such as \"block:2s\"");
    refused("flush_interval = '0s'", 35, "a duration above zero");
    refused("sync = 'sometimes'", 25, "such as \"interval:50ms\"");
    refused("sync = 'interval:0s'", 25, "such as \"interval:50ms\"");
    refused("segment_size = '4KB'", 33, "at least 1MiB");
    refused("journal = 'disk'", 28, "\"disk\" is not known");
    refused("journal = 'memory', sync = 'os'", 38, "has no use with journal = \"memory\"");
}

#[test]
fn two_keyspaces_do_not_share_a_folder() {
    let one = |name: &str| {
        format!(
            "[keyspaces.{name}]\nprefix='{name}:'\nsource='main'\nstrategy='write-behind'\n\
             write_behind = {{ journal_dir = 'j' }}\n"
        )
    };
    let problems = mistakes(&format!("{SOURCE}{}{}", one("a"), one("b")));
    assert_eq!(problems, ["journal_dir: ./j has the journal of a already: choose another"]);
}
