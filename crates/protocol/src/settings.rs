//! The parameters that `CONFIG GET` shows and `CONFIG SET` changes.
//!
//! Their names, bounds and defaults are Redis'. Some have an effect here, as
//! `table.rs` says of each; the others are there because programs and test suites
//! read and write them, and keep what they are set to.

mod bounds;
mod host;
mod kind;
mod lists;
mod numbers;
pub mod place;
mod table;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use crate::error::{Error, c_string};
use crate::glob::{self, Case};
use kind::{Kind, New};
use table::{Change, Parameter, TABLE};

pub use host::{Host, NotRewritten};
pub use place::Place;

/// What all sessions of a server can read and change. Reading a number costs one load.
pub struct Settings {
    values: Box<[Value]>,
    host: OnceLock<Arc<dyn Host>>,
    /// Held while parameters are changed, so that what is set together holds together.
    changing: Mutex<()>,
    is_sweeping: AtomicBool,
}

/// What a parameter is set to.
#[derive(Debug)]
enum Value {
    /// A number, a yes or no, or the place of a word among those it can be.
    Number(AtomicI64),
    Text(RwLock<Arc<[u8]>>),
}

/// A parameter under one of its two names.
#[derive(Clone, Copy)]
struct Named {
    index: usize,
    name: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        let value = |parameter: &Parameter| Value::of(parameter.initial());
        Self {
            values: TABLE.iter().map(value).collect(),
            host: OnceLock::new(),
            changing: Mutex::new(()),
            is_sweeping: AtomicBool::new(true),
        }
    }
}

impl Settings {
    /// A number, or yes or no as one and zero.
    pub fn number(&self, place: Place) -> i64 {
        match &self.values[place.index()] {
            Value::Number(number) => number.load(Ordering::Relaxed),
            Value::Text(_) => 0,
        }
    }

    /// Whether a parameter that is yes or no is yes.
    pub fn is_on(&self, place: Place) -> bool {
        self.number(place) != 0
    }

    /// The word of a parameter that has a choice of them.
    pub fn choice(&self, place: Place) -> &'static str {
        match TABLE[place.index()].kind {
            Kind::Choice(words) => words[self.number(place) as usize],
            _ => "",
        }
    }

    /// The value as `CONFIG GET` shows it.
    pub fn text(&self, place: Place) -> Vec<u8> {
        self.shown(place.index())
    }

    /// Says what holds from the start, whether or not a client can change it.
    ///
    /// # Errors
    ///
    /// Why the value cannot be, as `CONFIG SET` would say it.
    pub fn begin(&self, place: Place, value: &str) -> Result<(), Cow<'static, str>> {
        let new = TABLE[place.index()].kind.read(value.as_bytes(), &self.shown(place.index()))?;
        self.values[place.index()].store(new);
        Ok(())
    }

    /// Says who carries changes out. Only the first call has an effect.
    pub fn attach(&self, host: Arc<dyn Host>) {
        // Whoever comes second has nothing to say.
        let _ = self.host.set(host);
    }

    /// Whether what has expired is to be removed before anybody asks for it. Only `DEBUG
    /// SET-ACTIVE-EXPIRE` makes it false.
    pub fn is_sweeping(&self) -> bool {
        self.is_sweeping.load(Ordering::Relaxed)
    }

    pub(crate) fn set_sweeping(&self, is_sweeping: bool) {
        self.is_sweeping.store(is_sweeping, Ordering::Relaxed);
    }

    /// The parameters that `names` name or, as globs, match, with their values.
    pub(crate) fn matching<'a>(
        &self,
        names: impl Iterator<Item = &'a [u8]>,
    ) -> Vec<(Cow<'a, [u8]>, Vec<u8>)> {
        let mut found: Vec<(Cow<'a, [u8]>, Vec<u8>)> = Vec::new();
        for name in names {
            if !name.iter().any(|byte| b"[*?".contains(byte)) {
                let named = find(name).map(|named| (Cow::Borrowed(name), named.index));
                self.show(named.into_iter(), &mut found);
                continue;
            }
            let matched = all().filter(|named| {
                !TABLE[named.index].is_hidden
                    && glob::matches(name, named.name.as_bytes(), Case::Ignored)
            });
            let matched = matched.map(|named| (Cow::Borrowed(named.name.as_bytes()), named.index));
            self.show(matched, &mut found);
        }
        found
    }

    /// Sets parameters: all of them, or none and an error.
    pub(crate) fn set(&self, pairs: &[(&[u8], &[u8])]) -> Result<(), Error> {
        let _changing = self.changing.lock();
        let named = named_once(pairs)?;
        let mut news = Vec::with_capacity(pairs.len());
        for (named, (_, value)) in named.iter().zip(pairs) {
            let present = self.shown(named.index);
            let new = TABLE[named.index].read(value, &present);
            news.push(new.map_err(|reason| refused(named.name.as_bytes(), &reason))?);
        }
        self.apply(&named, news)
    }

    /// Writes what is set to where it is read from at the next start.
    pub(crate) fn rewrite(&self) -> Result<(), NotRewritten> {
        let host = self.host.get().ok_or(NotRewritten::NoFile)?;
        host.rewrite(self)
    }

    /// Forgets what has been counted (`CONFIG RESETSTAT`).
    pub(crate) fn reset_statistics(&self) {
        if let Some(host) = self.host.get() {
            host.reset_statistics();
        }
    }

    /// Stores the new values and tells the host; takes all back if it refuses one.
    fn apply(&self, named: &[Named], news: Vec<New>) -> Result<(), Error> {
        let mut stored: Vec<(Named, New)> = Vec::with_capacity(news.len());
        for (named, new) in named.iter().zip(news) {
            let earlier = self.values[named.index].store(new);
            stored.push((*named, earlier));
        }
        let Some(host) = self.host.get() else {
            return Ok(());
        };
        for place in 0..stored.len() {
            let named = stored[place].0;
            if let Err(reason) = host.changed(Place::at(named.index), self) {
                let taken_back = stored.len();
                for (named, earlier) in stored.drain(..taken_back) {
                    self.values[named.index].store(earlier);
                    // What it could do before it can do again.
                    let _ = host.changed(Place::at(named.index), self);
                }
                return Err(refused(named.name.as_bytes(), &reason));
            }
        }
        Ok(())
    }

    fn show<'a>(
        &self,
        named: impl Iterator<Item = (Cow<'a, [u8]>, usize)>,
        found: &mut Vec<(Cow<'a, [u8]>, Vec<u8>)>,
    ) {
        for (name, index) in named {
            if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                let value = self.shown(index);
                found.push((name, value));
            }
        }
    }

    fn shown(&self, index: usize) -> Vec<u8> {
        match &self.values[index] {
            Value::Number(number) => {
                TABLE[index].kind.written(number.load(Ordering::Relaxed)).into_bytes()
            }
            Value::Text(text) => text.read().to_vec(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are left out: there are passwords among them.
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl Value {
    fn of(new: New) -> Self {
        match new {
            New::Number(number) => Self::Number(AtomicI64::new(number)),
            New::Text(text) => Self::Text(RwLock::new(text)),
        }
    }

    /// Answers what it was before.
    fn store(&self, new: New) -> New {
        match (self, new) {
            (Self::Number(number), New::Number(new)) => {
                New::Number(number.swap(new, Ordering::Relaxed))
            }
            (Self::Text(text), New::Text(new)) => {
                New::Text(std::mem::replace(&mut *text.write(), new))
            }
            // A kind reads what it was made with, always.
            (_, new) => new,
        }
    }
}

/// The parameters that do something, and what.
pub(crate) fn effects() -> impl Iterator<Item = (&'static str, &'static str)> {
    let told = TABLE.iter().filter(|parameter| !parameter.effect.is_empty());
    told.map(|parameter| (parameter.name, parameter.effect))
}

/// All parameters, each under each of its names.
fn all() -> impl Iterator<Item = Named> {
    let first = |(index, parameter): (usize, &Parameter)| Named { index, name: parameter.name };
    let second =
        |(index, parameter): (usize, &Parameter)| parameter.alias.map(|name| Named { index, name });
    TABLE.iter().enumerate().map(first).chain(TABLE.iter().enumerate().filter_map(second))
}

fn find(name: &[u8]) -> Option<Named> {
    all().find(|named| named.name.as_bytes().eq_ignore_ascii_case(name))
}

/// What the pairs name, if each may be set and none comes twice under the same name.
fn named_once(pairs: &[(&[u8], &[u8])]) -> Result<Vec<Named>, Error> {
    let mut named: Vec<Named> = Vec::new();
    for (name, _) in pairs {
        let found = find(name).ok_or_else(|| unknown(name))?;
        match TABLE[found.index].change {
            Change::Fixed => return Err(refused(name, "can't set immutable config")),
            Change::Protected => return Err(refused(name, "can't set protected config")),
            Change::Free | Change::Kept(_) => {}
        }
        if named.iter().any(|earlier| earlier.name == found.name) {
            return Err(refused(name, "duplicate parameter"));
        }
        named.push(found);
    }
    Ok(named)
}

fn unknown(name: &[u8]) -> Error {
    let text = b"Unknown option or number of arguments for CONFIG SET - '";
    Error::repeating(&[text, c_string(name), b"'"])
}

fn refused(name: &[u8], reason: &str) -> Error {
    let text = b"CONFIG SET failed (possibly related to argument '";
    Error::repeating(&[text, c_string(name), b"') - ", c_string(reason.as_bytes())])
}
