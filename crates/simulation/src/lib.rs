//! larder in a world that fails in every way a seed can think of.
//!
//! A seed is a [plan](plan::Plan): a strategy with its options, clients, faults of the source and of
//! the disk, and how each life of the process ends. A plan is played as a [story] under
//! virtual time, one interleaving at a time, and what clients were told is [checked](check) against
//! what each strategy promises. The same seed is the same story every time.
//!
//! ```
//! use larder_simulation::{plan::Plan, story::play, way::Way};
//!
//! let ended = play(&Plan::of(7, Way::ReadThrough), false);
//! assert_eq!(ended.verdict, Ok(()));
//! ```

pub mod campaign;
pub mod check;
pub mod draw;
pub mod mutation;
pub mod plan;
pub mod promise;
pub mod story;
pub mod way;

mod client;
mod database;
mod drive;
mod history;
mod process;
mod queue;
mod shelf;
mod subject;
