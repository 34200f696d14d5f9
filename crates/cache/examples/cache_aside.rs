//! Cache-aside: the application loads, writes and invalidates; a lease guards each fill.
//!
//! `cargo run -p larder --example cache_aside`

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use larder::{Cache, Freshness, Leased, Strategy, source};

type Stock = Cache<&'static str, u32>;

#[tokio::main]
async fn main() -> Result<(), larder::Error> {
    let database = Database::default();
    let source = database.clone();
    let stock: Stock = Cache::builder("stock")
        .max_entries(1_000)
        // The system of record, which cache-aside leaves to the application to ask.
        .source(source::load_with(move |key: &str| ready(Ok(source.read(key)))))
        .strategy(Strategy::CacheAside)
        .freshness(Freshness::ttl(Duration::from_secs(60)))
        .build()?;
    database.write("tea", 3);

    println!("a miss, and a fill in time:");
    if let Leased::Lease(lease) = stock.lease("tea")? {
        println!("  filled: {}", stock.fill("tea", lease, database.read("tea")));
    }
    println!("  cached: {:?}", stock.peek(&"tea"));

    println!("a fill that lost the race against a write:");
    stock.invalidate(&"tea");
    if let Leased::Lease(lease) = stock.lease("tea")? {
        let loaded = database.read("tea");
        database.write("tea", 2);
        stock.invalidate(&"tea");
        println!("  filled: {}", stock.fill("tea", lease, loaded));
    }
    println!("  cached: {:?}", stock.peek(&"tea"));

    println!("all of it in one call, with one load for all who ask:");
    let load = database.clone();
    let tea = stock.get_or_load("tea", || async move { Ok(load.read("tea")) }).await?;
    println!("  loaded: {tea:?}, cached: {:?}", stock.peek(&"tea"));
    Ok(())
}

/// The application's own way to its data.
#[derive(Clone, Default)]
struct Database(Arc<Mutex<HashMap<&'static str, u32>>>);

impl Database {
    fn read(&self, key: &str) -> Option<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn write(&self, key: &'static str, count: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, count);
    }
}
