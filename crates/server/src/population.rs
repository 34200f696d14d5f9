//! How many keys a database has, and how many of them expire: `INFO keyspace`.

use std::sync::Arc;

use larder::runtime::Time;

use crate::index::Position;
use crate::keyspace::Keyspace;
use crate::keyspaces::Keyspaces;

/// How many keys of a keyspace are looked at. What is told of their expiry is exact up to here, and an
/// estimate beyond: keys lie in the order of a hash, so that the first ones are as good as any.
const SAMPLE: usize = 1024;

/// The keys that are listed in a database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Population {
    /// All of them; expired ones count until they are read or swept.
    pub keys: u64,
    /// Those that expire.
    pub expiring: u64,
    /// Milliseconds that the expiring ones have left on average.
    pub ttl_average_ms: u64,
}

/// What a sample of the keys of one keyspace shows.
#[derive(Default)]
struct Sample {
    looked_at: u64,
    expiring: u64,
    ttl_ms: u64,
}

impl Population {
    /// The keys that are listed in `database`.
    pub fn of(keyspaces: &Keyspaces, database: u8) -> Self {
        let now = keyspaces.runtime().now();
        let mut population = Self::default();
        let mut ttl_ms = 0;
        for keyspace in keyspaces.listed_in(database) {
            let keys = keyspace.index.len(keyspace.database(database));
            let sample = Sample::of(keyspace, keyspace.database(database), now);
            let expiring = sample.of_all(sample.expiring, keys);
            population.keys += keys;
            population.expiring += expiring;
            let average_ms = sample.ttl_ms.checked_div(sample.expiring).unwrap_or(0);
            ttl_ms = expiring.saturating_mul(average_ms).saturating_add(ttl_ms);
        }
        population.ttl_average_ms = ttl_ms.checked_div(population.expiring).unwrap_or(0);
        population
    }
}

impl Sample {
    fn of(keyspace: &Arc<Keyspace>, database: u8, now: Time) -> Self {
        let mut sample = Self::default();
        for (_, key) in keyspace.index.from(database, Position::FIRST, SAMPLE) {
            let Some(entry) = keyspace.cache.glance(&key) else { continue };
            sample.looked_at += 1;
            if entry.fresh_until != Time::NEVER {
                sample.expiring += 1;
                let left = entry.fresh_until.since(now).as_millis() as u64;
                sample.ttl_ms = sample.ttl_ms.saturating_add(left);
            }
        }
        sample
    }

    /// How many of `keys` keys `count` of those looked at stand for.
    fn of_all(&self, count: u64, keys: u64) -> u64 {
        if keys <= SAMPLE as u64 {
            return count;
        }
        (count * keys).checked_div(self.looked_at).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use larder::Lifetime;

    use super::*;
    use crate::key::KeyRef;
    use crate::keyspace::tests::plain;
    use crate::keyspaces;
    use crate::value::Value;

    fn put(keyspace: &Keyspace, key: &str, database: u8, lifetime: Lifetime) {
        let key = KeyRef { bytes: key.as_bytes(), database }.into();
        keyspace.cache.put_now(&key, Value::bytes(b"v"), lifetime).unwrap();
    }

    #[test]
    fn keys_that_expire_are_told_with_what_they_have_left() {
        let (hot, default) = (plain("hot", "hot:"), plain("default", ""));
        put(&hot, "a", 0, Lifetime::For(Duration::from_secs(30)));
        put(&default, "b", 0, Lifetime::For(Duration::from_secs(10)));
        put(&default, "c", 0, Lifetime::Forever);
        put(&default, "d", 5, Lifetime::Forever);
        let keyspaces = keyspaces::tests::of(vec![hot], Some(default), 100);
        let of = |database| Population::of(&keyspaces, database);
        assert_eq!(of(0), Population { keys: 3, expiring: 2, ttl_average_ms: 20_000 });
        assert_eq!(of(5), Population { keys: 1, ..Population::default() });
        assert_eq!(of(6), Population::default());
    }

    #[test]
    fn expiries_that_are_far_away_do_not_overflow() {
        let default = plain("default", "");
        for key in ["a", "b", "c"] {
            put(&default, key, 0, Lifetime::For(Duration::from_millis(u64::MAX / 3)));
        }
        let keyspaces = keyspaces::tests::of(Vec::new(), Some(default), 100);
        assert_eq!(Population::of(&keyspaces, 0).expiring, 3);
    }

    #[test]
    fn of_many_keys_a_part_is_looked_at() {
        let sample = Sample { looked_at: 1_000, expiring: 250, ttl_ms: 0 };
        assert_eq!(sample.of_all(sample.expiring, 1_000_000), 250_000);
    }
}
