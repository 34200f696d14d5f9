//! Servers that are killed, halted, or whose answers get lost.

use std::sync::Arc;
use std::time::Duration;

use larder::journal::{Lane, Mark, Sequence};
use larder::source::row::Cell;
use larder::source::{Fence, Fenced, Holder, SourceErrorKind};
use larder_kit::{Options, Product, Server};

use crate::proxy::Proxy;
use crate::subject::{Table, kind};

const STOCK: &str = "CREATE TABLE stock (id bigint PRIMARY KEY, v bigint)";

fn block_on(test: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(test);
}

/// The table `stock` of a database, with this time-out for statements.
trait Open: AsyncFn(&str, Duration) -> Table {}

impl<F: AsyncFn(&str, Duration) -> Table> Open for F {}

async fn a_commit_whose_answer_is_lost<P: Product>(server: &Server<P>, open: impl Open) {
    let database = server.database().unwrap();
    database.run(STOCK).unwrap();
    let proxy = Proxy::to(server.address());
    let url = proxy.url(&database.url(), server.address());
    let table = open(&url, Duration::from_secs(30)).await;
    let put = |v| vec![table.put(1, [("v", Cell::Integer(v))])];
    proxy.lose_a_commit();
    assert_eq!(kind(table.store(put(1)).await), Some(SourceErrorKind::Unknown));
    assert_eq!(database.run("SELECT v FROM stock").unwrap(), "1", "it did take effect");

    let fences = table.source.fences().unwrap();
    let epoch = fences.take_over(Arc::from("orders"), Holder(1)).await.unwrap().epoch;
    let marks = vec![Mark { lane: Lane(0), sequence: Sequence(7) }];
    let fence = Fence { journal: Arc::from("orders"), epoch, marks };
    proxy.lose_a_commit();
    let lost = fences.store_fenced(put(2), fence.clone()).await;
    assert_eq!(kind(lost), Some(SourceErrorKind::Unknown));
    assert_eq!(fences.store_fenced(put(2), fence).await.unwrap(), Fenced::Already);
    assert_eq!(database.run("SELECT v FROM stock").unwrap(), "2");
}

async fn a_server_that_is_killed_and_comes_back<P: Product>(open: impl Open) {
    let server = Server::<P>::start_with(Options::default().durable(false)).unwrap();
    let database = server.database().unwrap();
    database.run(STOCK).unwrap();
    let table = open(&database.url(), Duration::from_secs(30)).await;
    let put = |v| vec![table.put(1, [("v", Cell::Integer(v))])];
    table.store(put(1)).await.unwrap();
    server.kill().unwrap();
    let load = table.load(vec![vec![Cell::Integer(1)]]).await;
    assert_eq!(kind(load), Some(SourceErrorKind::Unavailable));
    assert_eq!(kind(table.store(put(2)).await), Some(SourceErrorKind::Unavailable));
    server.restart().unwrap();
    assert_eq!(table.cell(1, "v").await, Some(Cell::Integer(1)));
    // Nobody asks between the two: the pool's connections have died unseen.
    server.kill().unwrap();
    server.restart().unwrap();
    table.store(put(3)).await.unwrap();
    assert_eq!(table.cell(1, "v").await, Some(Cell::Integer(3)));
}

async fn a_server_that_is_halted<P: Product>(open: impl Open) {
    let server = Server::<P>::start_with(Options::default().durable(false)).unwrap();
    let database = server.database().unwrap();
    database.run(STOCK).unwrap();
    let table = open(&database.url(), Duration::from_secs(1)).await;
    let put = |v| vec![table.put(1, [("v", Cell::Integer(v))])];
    table.store(put(1)).await.unwrap();
    server.pause().unwrap();
    assert_eq!(kind(table.store(put(2)).await), Some(SourceErrorKind::Unavailable));
    server.resume().unwrap();
    assert_eq!(table.cell(1, "v").await, Some(Cell::Integer(1)));
    table.store(put(3)).await.unwrap();
}

async fn a_lock_that_somebody_else_holds<P: Product>(
    server: &Server<P>,
    hold: &str,
    open: impl Open,
) {
    let database = server.database().unwrap();
    database.run(STOCK).unwrap();
    let table = open(&database.url(), Duration::from_secs(2)).await;
    let put = |v| vec![table.put(1, [("v", Cell::Integer(v))])];
    table.store(put(1)).await.unwrap();
    let (holder, hold) = (database.clone(), hold.to_owned());
    let holding = std::thread::spawn(move || holder.run(&hold));
    // Until the other session has the lock, a store succeeds.
    let busy = loop {
        if let Err(error) = table.store(put(2)).await {
            break error;
        }
    };
    assert_eq!(busy.kind(), SourceErrorKind::Busy, "{busy}");
    holding.join().unwrap().unwrap();
    table.store(put(3)).await.unwrap();
}

#[cfg(feature = "mysql")]
mod mariadb {
    use larder_kit::mariadb::{MariaDb, shared};

    use super::*;
    use crate::subject::open_mariadb as open;

    #[test]
    fn a_lost_answer_to_a_commit_is_an_unknown_outcome() {
        block_on(a_commit_whose_answer_is_lost(shared(), open));
    }

    #[test]
    fn a_server_that_comes_back_is_used_again() {
        block_on(a_server_that_is_killed_and_comes_back::<MariaDb>(open));
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up() {
        block_on(a_server_that_is_halted::<MariaDb>(open));
    }

    #[test]
    fn a_lock_is_not_waited_for_longer_than_a_statement_may_take() {
        let hold = "START TRANSACTION; SELECT * FROM stock FOR UPDATE; SELECT SLEEP(6); COMMIT";
        block_on(a_lock_that_somebody_else_holds(shared(), hold, open));
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use larder_kit::postgres::{Postgres, shared};

    use super::*;
    use crate::subject::open_postgres as open;

    #[test]
    fn a_lost_answer_to_a_commit_is_an_unknown_outcome() {
        block_on(a_commit_whose_answer_is_lost(shared(), open));
    }

    #[test]
    fn a_server_that_comes_back_is_used_again() {
        block_on(a_server_that_is_killed_and_comes_back::<Postgres>(open));
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up() {
        block_on(a_server_that_is_halted::<Postgres>(open));
    }

    #[test]
    fn a_lock_is_not_waited_for_longer_than_a_statement_may_take() {
        let hold = "BEGIN; SELECT * FROM stock FOR UPDATE; SELECT pg_sleep(6); COMMIT";
        block_on(a_lock_that_somebody_else_holds(shared(), hold, open));
    }
}
