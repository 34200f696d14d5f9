#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! A report on its way to those who read it: files, terminal, page, browser, quotations.

mod browser;
mod drawn;
mod files;
mod page;
mod quotations;
mod sample;
mod terminal;
