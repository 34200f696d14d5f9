//! The engine's errors as clients see them.

use larder::ErrorKind;
use larder_protocol::error::Error;

/// The error reply for an error of the engine: a code by who can do something about it, and a
/// sentence with the keyspace and the key.
pub(crate) fn of(error: &larder::Error) -> Error {
    let code = match error.kind() {
        ErrorKind::Misuse => "READONLY",
        ErrorKind::Unknown => "UNKNOWN",
        ErrorKind::Busy => "BUSY",
        ErrorKind::LoadTimeout | ErrorKind::LoadLost => "TRYAGAIN",
        ErrorKind::Journal => "JOURNAL",
        ErrorKind::Fenced => "FENCED",
        ErrorKind::Source if error.is_retryable() => "TRYAGAIN",
        _ => "ERR",
    };
    match error.kind() {
        ErrorKind::Misuse => Error::new(code, format!("{error}; {IN_COMMANDS}")),
        _ => Error::new(code, error.to_string()),
    }
}

/// What the engine's advice means to a client that sends commands.
const IN_COMMANDS: &str =
    "DEL invalidates, CACHE.LEASE and CACHE.FILL fill where the application loads";

#[cfg(test)]
mod tests {
    use super::*;
    use larder::journal::{Journal, Limits, MemoryJournal};
    use larder::strategy::{OnFull, WriteBehind};
    use larder::{Cache, Strategy, runtime::Simulated, source};
    use std::sync::Arc;

    #[test]
    fn a_refused_write_names_the_commands_to_use_instead() {
        let world = Simulated::new(1);
        let cache: Cache<u8, u8> = Cache::builder("aside")
            .max_entries(1)
            .source(source::load_with(|key| async move { Ok(Some(key)) }))
            .strategy(Strategy::CacheAside)
            .runtime(Arc::new(world.clone()))
            .build()
            .unwrap();
        let refused = world.block_on(async move { cache.put(1, 1).await }).unwrap_err();
        let error = of(&refused);
        assert_eq!(error.code, "READONLY");
        assert!(error.text().contains("CACHE.LEASE and CACHE.FILL"), "{error}");
    }

    #[test]
    fn a_journal_that_takes_no_writes_says_why() {
        let world = Simulated::new(1);
        let runtime = Arc::new(world.clone());
        let limits = Limits { records_max: 1, ..Limits::default() };
        let journal = Arc::new(MemoryJournal::new(limits, runtime.clone(), |_: &u8, _| 1));
        let behind = WriteBehind { on_full: OnFull::Reject, ..WriteBehind::default() };
        let away =
            source::load_with(|_| async { Ok(None::<u8>) }).store_with(|_| std::future::pending());
        let cache: Cache<u8, u8> = Cache::builder("behind")
            .max_entries(1)
            .source(away)
            .strategy(behind)
            .journal(journal.clone())
            .runtime(runtime)
            .build()
            .unwrap();
        let put = |key| {
            let cache = cache.clone();
            of(&world.block_on(async move { cache.put(key, 1).await }).unwrap_err()).code
        };
        let first = cache.clone();
        world.block_on(async move { first.put(1, 1).await }).unwrap();
        assert_eq!(put(2), "BUSY");
        journal.forfeit("the disk failed");
        assert_eq!(put(1), "JOURNAL");
    }
}
