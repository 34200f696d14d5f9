//! PostgreSQL: tables of one database as sources.
//!
//! [`Postgres`] is a pool of connections to a server. [`PostgresTable`] is a
//! [`Source`](super::Source) over one table, through a [`Mapping`](super::row::Mapping) between rows
//! and typed values. A load is one query, however many keys it has; a store is one transaction, of one
//! statement for each run of changes that are alike.
//!
//! Values go to the server as text, in arrays, and are converted there to the types of their columns:
//! a number of a `numeric` column never passes through floating point, and a type that larder has
//! never heard of can be stored as the text that it writes for itself.
//!
//! | PostgreSQL | here |
//! |---|---|
//! | `smallint`, `integer`, `bigint` | an integer |
//! | `real`, `double precision` | a floating-point number |
//! | `numeric` | a decimal |
//! | `boolean` | a truth value |
//! | `bytea` | bytes |
//! | `json`, `jsonb` | a document |
//! | arrays | a JSON array |
//! | `date`, `time`, `timestamp` | text as ISO 8601 has it, a moment with a zone in UTC |
//! | everything else | its text |
//!
//! PostgreSQL is the wrong choice where there is no server to look after: see
//! [`sqlite`](super::sqlite).

mod codec;
mod database;
mod error;
mod fence;
mod literal;
mod load;
mod native;
mod options;
mod queries;
mod schema;
mod session;
mod statement;
mod store;
mod table;
mod tls;

pub use database::Postgres;
pub use options::PostgresOptions;
pub use queries::Queries;
pub use session::PooledClient;
pub use table::{PostgresTable, TableBuilder};
/// The library whose connections [`Postgres::client`] hands out.
pub use tokio_postgres;
