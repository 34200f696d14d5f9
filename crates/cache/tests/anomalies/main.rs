//! The anomalies that a caching tier must survive, each as a scenario that runs on larder and on
//! what a competent engineer writes by hand first. larder must hold; the other must not, or the
//! scenario would prove nothing.
//!
//! Everything but `threads` runs under virtual time, one interleaving at a time; nothing sleeps.

mod fence_table;
mod history;
mod journal;
mod kept_journal;
mod kit;
mod larder_subject;
mod naive;
mod naive_queue;
mod scene;

mod all_strategies;
mod attack;
mod cancellation;
mod dead_letters;
mod fences;
mod late;
mod loaders;
mod partial;
mod queue;
mod schedule;
mod threads;
mod transactions;
mod write_behind;
mod write_through;
