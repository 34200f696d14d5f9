//! The arguments of one request, lent from the bytes that it arrived in.

use std::ops::Index;

use smallvec::SmallVec;

use crate::error::Error;
use crate::frame::integer;

/// Where each argument lies in a request's bytes. Requests of six arguments need no allocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans(SmallVec<[Span; 6]>);

/// Where one argument lies. Requests are shorter than 4 GiB; see `Limits::input_bytes_max`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

/// The name of a command and what follows it.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a> {
    bytes: &'a [u8],
    spans: &'a [Span],
}

/// Arguments that outlive the input they arrived in.
#[derive(Debug, Default)]
pub(crate) struct OwnedArgs {
    bytes: Box<[u8]>,
    spans: Spans,
}

impl Spans {
    pub(crate) fn push(&mut self, start: usize, length: usize) {
        debug_assert!(start + length <= u32::MAX as usize);
        self.0.push(Span { start: start as u32, length: length as u32 });
    }

    /// How many bytes are held elsewhere than in itself.
    pub(crate) fn bytes(&self) -> usize {
        if self.0.spilled() { self.0.capacity() * size_of::<Span>() } else { 0 }
    }

    /// Forgets all, and gives back what a request of many arguments took.
    pub(crate) fn clear(&mut self) {
        if self.0.spilled() {
            self.0 = SmallVec::new();
        } else {
            self.0.clear();
        }
    }

    /// The arguments that lie in `bytes`.
    pub(crate) fn args<'a>(&'a self, bytes: &'a [u8]) -> Args<'a> {
        Args { bytes, spans: &self.0 }
    }
}

impl<'a> Args<'a> {
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// How many bytes the request took on its way.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(crate) fn at(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| self.slice(*span))
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let args = *self;
        self.spans.iter().map(move |span| args.slice(*span))
    }

    /// The arguments from `index` on, as a request of their own.
    pub(crate) fn from(&self, index: usize) -> Self {
        Self { spans: self.spans.get(index..).unwrap_or_default(), ..*self }
    }

    /// The arguments from `index` on in twos; one that is left over is not shown.
    pub(crate) fn pairs(
        &self,
        index: usize,
    ) -> impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let args = *self;
        let (pairs, _) = self.from(index).spans.as_chunks::<2>();
        pairs.iter().map(move |[first, second]| (args.slice(*first), args.slice(*second)))
    }

    /// The argument at `index` as an integer, or Redis' error for what is none.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, Error> {
        self.at(index).and_then(integer::parse).ok_or_else(Error::not_an_integer)
    }

    /// Whether the argument at `index` is `word`, in any case.
    pub(crate) fn is(&self, index: usize, word: &str) -> bool {
        self.at(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }

    pub(crate) fn to_owned(self) -> OwnedArgs {
        OwnedArgs { bytes: self.bytes.into(), spans: Spans(self.spans.into()) }
    }

    fn slice(&self, span: Span) -> &'a [u8] {
        let start = span.start as usize;
        &self.bytes[start..start + span.length as usize]
    }
}

/// For arguments that the arity promises; any other is a mistake of the command.
impl Index<usize> for Args<'_> {
    type Output = [u8];

    fn index(&self, index: usize) -> &[u8] {
        self.slice(self.spans[index])
    }
}

impl OwnedArgs {
    pub(crate) fn args(&self) -> Args<'_> {
        self.spans.args(&self.bytes)
    }

    /// How many bytes are kept.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + self.spans.0.len() * size_of::<Span>()
    }
}
