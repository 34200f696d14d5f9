//! Reads a log from its first segment to its last, and tells a torn end from damage.
//!
//! What cannot be read is the place of a *cut*. Groups behind it decide: one that was written when
//! the group at the cut was known to last says that acknowledged bytes are damaged. When none says
//! so, the cut is the end of the log, and what is behind it was never acknowledged.

use std::collections::VecDeque;

use super::bytes::used;
use super::error::Damage;
use super::group::{Group, Header};
use super::identity::Identity;
use super::segment::{self, Segment};
use crate::sabotage::{self, Mutation};

/// Who is shown the groups, in their order.
pub(super) trait Visitor {
    /// What was shown so far is of a part of the log that is no longer needed.
    fn restart(&mut self);

    /// The first segment that is still needed, as far as the visitor has been told.
    fn first_needed(&self) -> u64;

    /// A group; `false` when it makes no sense.
    fn group(&mut self, segment: u64, group: &Group<'_>) -> bool;
}

/// A segment, once it has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: u64,
    pub(super) file_bytes: u64,
    /// Where its last group ends.
    pub(super) end: u64,
    pub(super) groups: u64,
    pub(super) records: u64,
    /// The sequence that follows the last one in it.
    pub(super) next: u64,
    /// Bytes behind the last group that are not zeros.
    pub(super) junk_bytes: u64,
}

impl Found {
    /// Its length once what is behind the last group is cut off.
    pub(super) fn kept(&self) -> u64 {
        if self.junk_bytes > 0 { self.end } else { self.file_bytes }
    }
}

/// The first group that is not there.
#[derive(Debug, Clone, Copy)]
struct Cut {
    segment: u64,
    offset: u64,
    number: u64,
}

pub(super) struct Scan {
    place: String,
    identity: Identity,
    pub(super) found: Vec<Found>,
    /// The number of the next group.
    pub(super) next_group: Option<u64>,
    cut: Option<Cut>,
    /// The numbers and places of the last groups, for which no later one vouches. A segment begins
    /// with a group that vouches for all before, so they are of one.
    unvouched: VecDeque<(u64, usize)>,
    /// The segment before which some are missing.
    gap: Option<u64>,
}

impl Scan {
    pub(super) fn new(place: String, identity: Identity) -> Self {
        Self {
            place,
            identity,
            found: Vec::new(),
            next_group: None,
            cut: None,
            gap: None,
            unvouched: VecDeque::new(),
        }
    }

    /// Reads the next segment.
    pub(super) fn segment(
        &mut self,
        number: u64,
        bytes: &[u8],
        visitor: &mut dyn Visitor,
    ) -> Result<(), Damage> {
        self.expect_in_line(number, visitor);
        let mut found = Found {
            number,
            file_bytes: bytes.len() as u64,
            end: 0,
            groups: 0,
            records: 0,
            next: 0,
            junk_bytes: 0,
        };
        match Segment::decode(bytes, self.identity) {
            Some(segment) if segment.number == number => {
                found.end = segment::HEADER_BYTES as u64;
                self.groups(segment, bytes, &mut found, visitor)?;
            }
            Some(_) => return Err(self.damage(number, 0, "it is another segment's content")),
            // The header is made to last before anything is written behind it.
            None if used(bytes) > segment::HEADER_BYTES => {
                return Err(self.damage(number, 0, "its header cannot be read"));
            }
            None => found.junk_bytes = used(bytes) as u64,
        }
        self.found.push(found);
        Ok(())
    }

    fn note_vouched(&mut self, header: &Header, offset: usize) {
        while self.unvouched.front().is_some_and(|(number, _)| *number <= header.synced) {
            self.unvouched.pop_front();
        }
        self.unvouched.push_back((header.number, offset));
    }

    /// Where in the last segment with groups the first one is for which no later one vouches.
    pub(super) fn unvouched_from(&self) -> Option<usize> {
        self.unvouched.front().map(|(_, offset)| *offset)
    }

    /// Whether what was shown is all that is needed.
    pub(super) fn finish(&self, visitor: &dyn Visitor) -> Result<(), Damage> {
        match self.gap {
            Some(gap) if visitor.first_needed() < gap => {
                Err(self.damage(gap - 1, 0, "the segment is missing"))
            }
            _ => Ok(()),
        }
    }

    /// Segments are removed from the first on; a crash may bring back some of those.
    fn expect_in_line(&mut self, number: u64, visitor: &mut dyn Visitor) {
        let expected = self.found.last().map_or(1, |last| last.number + 1);
        if number != expected {
            self.gap = Some(number);
            self.next_group = None;
            self.cut = None;
            self.unvouched.clear();
            visitor.restart();
        }
    }

    fn groups(
        &mut self,
        segment: Segment,
        bytes: &[u8],
        found: &mut Found,
        visitor: &mut dyn Visitor,
    ) -> Result<(), Damage> {
        let begin = segment::HEADER_BYTES;
        if let Some(cut) = self.cut {
            let first = Group::read(bytes, begin, segment.tag);
            // Nothing is missing: what could not be read was behind the end of its segment.
            if first.is_some_and(|group| group.header.number == cut.number) {
                self.cut = None;
            } else {
                found.junk_bytes = (used(bytes).saturating_sub(begin)) as u64;
                return self.look_for_witness(segment, bytes, begin);
            }
        }
        let mut offset = begin;
        while let Some(group) = self.next(bytes, offset, segment.tag) {
            if !visitor.group(segment.number, &group) {
                let finding = "a group with a correct checksum makes no sense";
                return Err(self.damage(segment.number, offset as u64, finding));
            }
            self.note_vouched(&group.header, offset);
            offset = group.end();
            self.next_group = Some(group.header.number + 1);
            found.groups += 1;
            found.records += u64::from(group.header.records);
            found.next = group.header.first + u64::from(group.header.records);
        }
        found.end = offset as u64;
        found.junk_bytes = used(&bytes[offset..]) as u64;
        if found.junk_bytes > 0 {
            let number = self.next_group.unwrap_or(1);
            self.cut = Some(Cut { segment: segment.number, offset: offset as u64, number });
            self.look_for_witness(segment, bytes, offset)?;
        }
        Ok(())
    }

    /// The group at `offset`, if it is the next of the log.
    fn next<'a>(&self, bytes: &'a [u8], offset: usize, tag: u64) -> Option<Group<'a>> {
        let group = Group::read(bytes, offset, tag)?;
        let is_next = self.next_group.is_none_or(|next| next == group.header.number);
        is_next.then_some(group)
    }

    /// Looks for a group from `offset` on that vouches for the group at the cut.
    fn look_for_witness(
        &self,
        segment: Segment,
        bytes: &[u8],
        offset: usize,
    ) -> Result<(), Damage> {
        let cut = self.cut.filter(|_| !sabotage::is(Mutation::CutAtDamage));
        let Some(cut) = cut else { return Ok(()) };
        let mut groups = Group::search(bytes, offset, segment.tag);
        match groups.any(|group| group.header.synced >= cut.number) {
            true => {
                let finding = format!("group {} was synced and cannot be read", cut.number);
                Err(self.damage(cut.segment, cut.offset, &finding))
            }
            false => Ok(()),
        }
    }

    pub(super) fn damage(&self, segment: u64, offset: u64, finding: &str) -> Damage {
        let (place, file) = (self.place.clone(), segment::name(segment));
        Damage { place, file, offset, finding: finding.to_owned() }
    }
}
