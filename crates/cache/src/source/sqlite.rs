//! SQLite: tables of one file as sources.
//!
//! [`Sqlite`] owns the file: one thread writes, a few read, and every call is a job in a bounded
//! queue whose answer arrives as a future on any runtime. The file is in WAL mode, so readers never
//! wait for the writer. Writes that queue while a commit is being synced share the next one.
//!
//! [`SqliteTable`] is a [`Source`](super::Source) over one table of it, through a
//! [`Mapping`](super::row::Mapping) between rows and typed values.
//!
//! SQLite is the wrong choice when several machines write the data, or when other programs hold
//! write locks for longer than [`SqliteOptions::busy_timeout`]: there is one writer at a time.
//!
//! ```
//! use larder::source::sqlite::{Sqlite, SqliteOptions};
//! use larder::source::{Change, Source};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("shop.db");
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Product {
//!     name: String,
//!     cents: i64,
//! }
//!
//! let sqlite = Sqlite::open(&path, SqliteOptions::default())?;
//! sqlite
//!     .write(|connection| {
//!         let made = "CREATE TABLE product (sku TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER)";
//!         Ok(connection.execute_batch(made)?)
//!     })
//!     .await?;
//!
//! let products = sqlite.table("product").key(["sku"]).rows::<String, Product>().await?;
//! let tea = Product { name: "Tea".into(), cents: 450 };
//! products.store(vec![Change { key: "T-1".into(), value: Some(tea.clone()) }]).await?;
//! let found = products.load(vec!["T-1".into(), "T-2".into()]).await?;
//! assert_eq!(found[0].as_ref().unwrap(), &Some(tea));
//! assert_eq!(found[1].as_ref().unwrap(), &None);
//! # Ok::<(), larder::source::SourceError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod codec;
mod connection;
mod database;
mod error;
mod fence;
mod job;
mod load;
mod options;
mod queries;
mod queue;
mod schema;
mod statement;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod worker;

pub use database::Sqlite;
pub use options::{Durability, SqliteOptions};
pub use queries::Queries;
/// The library whose connections [`Sqlite::read`] and [`Sqlite::write`] hand out.
pub use rusqlite;
pub use table::{SqliteTable, TableBuilder};

pub use super::table::{TableSpec, ValueColumns};
