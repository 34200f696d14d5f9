//! Real PostgreSQL and MariaDB servers for tests: started on free ports of the loopback in folders of
//! their own, and gone with whoever started them.
//!
//! A server belongs to its [`Server`](postgres::Server) and ends when that is dropped. One that all
//! tests of a program share, [`postgres::shared`] or [`mariadb::shared`], ends with the process,
//! however that ends: a guard process waits for it (`guard.rs`).
//!
//! ```no_run
//! use larder_kit::{Options, mariadb, postgres};
//!
//! // Several tests, one server, a database each.
//! let shop = postgres::shared().database()?;
//! shop.run("CREATE TABLE stock (name text PRIMARY KEY, count bigint)")?;
//! println!("connect to {}", shop.url());
//!
//! // A server to be cruel to.
//! let server = mariadb::Server::start_with(Options::default())?;
//! server.kill()?;
//! server.restart()?;
//! # Ok::<(), larder_kit::Failure>(())
//! ```
//!
//! The programs are those of Debian's packages `postgresql` and `mariadb-server`. Root runs them as
//! the users that the packages made; everybody else as oneself. It needs Linux's `/proc`.

mod certificates;
mod database;
mod failure;
mod guard;
pub mod mariadb;
mod options;
pub mod postgres;
mod process;
mod product;
mod program;
mod server;
mod template;

pub use certificates::Certificates;
pub use database::Database;
pub use failure::Failure;
pub use options::Options;
pub use product::Product;
pub use server::Server;
