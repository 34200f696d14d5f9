//! Read-through: the cache loads what it misses, one query for all who ask at the same time.
//!
//! `cargo run -p larder --example read_through`

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use larder::source::{self, SourceError};
use larder::{Cache, Freshness, ReadOptions, Strategy};

#[tokio::main]
async fn main() -> Result<(), larder::Error> {
    let squares: Cache<u64, Arc<str>> = Cache::builder("squares")
        .max_entries(1_000)
        .source(source::load_many_with(query))
        .strategy(Strategy::ReadThrough)
        .freshness(Freshness { ttl_jitter: 0.1, ..Freshness::ttl(Duration::from_secs(60)) })
        .build()?;

    println!("a hundred readers of one key:");
    let readers = (0..100).map(|_| squares.get(&7));
    for value in join_all(readers).await {
        assert_eq!(value?.as_deref(), Some("49"));
    }

    println!("five keys, of which one is cached:");
    let values = squares.get_many(vec![6, 7, 8, 9, 10], &ReadOptions::default()).await;
    println!("  {:?}", values.into_iter().collect::<Result<Vec<_>, _>>()?);

    println!("after an invalidation, the next read loads:");
    squares.invalidate(&7);
    squares.get(&7).await?;

    let counted = squares.statistics();
    println!(
        "{} queries for {} keys; {} readers joined a load that was under way",
        counted.load_queries, counted.loads, counted.joined
    );
    Ok(())
}

/// What would be a query of a database: all keys at once, answered in their order.
async fn query(keys: Vec<u64>) -> Result<Vec<source::Loaded<Arc<str>>>, SourceError> {
    println!("  query for {keys:?}");
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(keys.into_iter().map(|key| Ok(Some(Arc::from((key * key).to_string())))).collect())
}
