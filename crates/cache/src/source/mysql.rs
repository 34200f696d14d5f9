//! MySQL and MariaDB: tables of one database as sources.
//!
//! [`Mysql`] owns a bounded pool of connections to one database. [`MysqlTable`] is a
//! [`Source`](super::Source) over one table of it, through a [`Mapping`](super::row::Mapping) between
//! rows and typed values, and keeps fences in the table `larder_fence` of the same database.
//!
//! Tables are InnoDB's, because a batch has to take effect as a whole. Keys are told apart byte by
//! byte, so a key column of text needs the character set `utf8mb4` (or `ascii`) and a collation that
//! ends in `_bin`; with any other, two keys would be one row, and the table is refused with the
//! statement that mends it. A collation of that kind still passes over spaces at the end, which is why
//! no key may end with one unless the collation is one without padding.
//!
//! A session is strict (`STRICT_ALL_TABLES`: a value that does not fit is refused, not cut), speaks
//! `utf8mb4` and has the time zone UTC. `TINYINT(1)` is an integer: MySQL has no truth values.
//!
//! The tests run on MariaDB 10.11. MySQL 8's own server is not among Debian's packages: what is known
//! of its dialect is kept to, and none of it has been run.
//!
//! It is the wrong choice where the time to the first byte matters more than what is stored: each
//! transaction is three round trips at least.
//!
//! ```
//! # let server = larder_kit::mariadb::shared().database()?;
//! # server.run("CREATE TABLE product (sku varchar(20) COLLATE utf8mb4_bin PRIMARY KEY, \
//! #     name text NOT NULL, cents bigint)")?;
//! # let url = server.url();
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use larder::source::mysql::{Mysql, MysqlOptions};
//! use larder::source::{Change, Source};
//!
//! #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
//! struct Product {
//!     name: String,
//!     cents: i64,
//! }
//!
//! let mysql = Mysql::connect(&url, MysqlOptions::default()).await?;
//! let products = mysql.table("product").key(["sku"]).rows::<String, Product>().await?;
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
mod database;
mod error;
mod fence;
mod load;
mod native;
mod options;
mod pool;
mod queries;
mod schema;
mod session;
mod statement;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use database::Mysql;
pub use options::MysqlOptions;
pub use queries::Queries;
pub use table::{MysqlTable, TableBuilder};
