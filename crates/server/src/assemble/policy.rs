//! What a configuration says of a cache, in the cache's own words.

use larder::source::BreakerOptions;
use larder::strategy::{
    Backoff, OnFull, Order, ReadPolicy, WriteAround, WriteBehind, WriteThrough,
};
use larder::{Builder, Freshness, LoadTimeout, Strategy};

use super::{ENTRY_BYTES, journal};
use crate::config::{self, Capacity, SourceConfig, StrategyConfig};
use crate::key::Key;
use crate::value::Value;

/// The breaker of a source, with the source's name.
pub(super) fn breaker(source: &SourceConfig) -> Option<(String, BreakerOptions)> {
    let config = source.breaker.as_ref()?;
    let options = BreakerOptions {
        failures: config.failures.get(),
        open: Backoff { first: config.wait, longest: config.wait_max },
    };
    Some((source.name.get_ref().clone(), options))
}

/// Gives a cache its bound.
pub(super) fn bounded(builder: Builder<Key, Value>, capacity: Capacity) -> Builder<Key, Value> {
    match capacity {
        Capacity::Entries(entries) => builder.max_entries(entries.get()),
        Capacity::Bytes(bytes) => builder.max_bytes(bytes.get(), |key: &Key, value| {
            let value = value.map_or(0, Value::weight);
            ENTRY_BYTES + key.as_ref().len() as u64 + value
        }),
    }
}

/// A strategy and its options.
pub(super) fn strategy(config: &StrategyConfig) -> Strategy {
    match config {
        StrategyConfig::CacheAside => Strategy::CacheAside,
        StrategyConfig::ReadThrough => Strategy::ReadThrough,
        StrategyConfig::WriteThrough { order, write_timeout } => {
            let order = match order {
                config::WriteOrder::SourceFirst => Order::SourceFirst,
                config::WriteOrder::CacheFirst => Order::CacheFirst,
            };
            WriteThrough { order, timeout: Some(*write_timeout) }.into()
        }
        StrategyConfig::WriteBehind(config) => write_behind(config).into(),
        StrategyConfig::WriteAround { read, drop_cached } => {
            let read = match read {
                config::ReadPolicy::ReadThrough => ReadPolicy::Through,
                config::ReadPolicy::CacheAside => ReadPolicy::Aside,
            };
            WriteAround { read, drop_cached: *drop_cached, ..WriteAround::default() }.into()
        }
    }
}

fn write_behind(config: &config::WriteBehindConfig) -> WriteBehind {
    WriteBehind {
        limits: journal::limits(config),
        workers: config.workers.get(),
        on_full: match config.on_full {
            config::OnFull::Block(patience) => OnFull::Block(patience),
            config::OnFull::Reject => OnFull::Reject,
            config::OnFull::Through(timeout) => OnFull::Through(timeout),
        },
        backoff: WriteBehind::default().backoff,
    }
}

/// For how long copies may be served.
pub(super) fn freshness(config: &config::FreshnessConfig) -> Freshness {
    Freshness {
        ttl: config.ttl,
        ttl_jitter: config.ttl_jitter,
        negative_ttl: config.negative_ttl,
        stale_while_revalidate: config.stale_while_revalidate,
        stale_if_error: config.stale_if_error,
        refresh_ahead: config.refresh_ahead,
        load_timeout: LoadTimeout {
            soft: config.load_timeout.soft,
            hard: Some(config.load_timeout.hard),
        },
    }
}
