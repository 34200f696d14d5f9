//! A file: what the page cache has of it, and what the disk has.

use std::collections::BTreeSet;

use crate::draw::Draw;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The content of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that were written and not synced.
    dirty: BTreeSet<usize>,
    /// A byte that is not what was written, and in which bits.
    damage: Option<(usize, u8)>,
}

impl File {
    /// A file of zeros, which are on the disk.
    pub(super) fn zeros(length: usize) -> Self {
        Self { cached: vec![0; length], durable: vec![0; length], ..Self::default() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.cached.clone()
    }

    /// Puts `bytes` into the page cache.
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[offset..end].copy_from_slice(bytes);
        self.dirty.extend(offset / SECTOR..end.div_ceil(SECTOR));
        self.damage = self.damage.filter(|(place, _)| !(offset..end).contains(place));
    }

    /// Writes some dirty sectors out, as the system does when it likes.
    pub(super) fn write_back(&mut self, draw: &mut Draw) {
        let dirty: Vec<usize> = self.dirty.iter().copied().collect();
        dirty.into_iter().filter(|_| draw.percent(30)).for_each(|sector| self.settle(sector));
    }

    /// All that was written is on the disk.
    pub(super) fn sync(&mut self) {
        self.durable.clone_from(&self.cached);
        self.dirty.clear();
    }

    /// The disk took some of the sectors, and the system believes that it took all: the next sync
    /// would say that all is well.
    pub(super) fn fail_to_sync(&mut self, draw: &mut Draw) {
        let dirty = std::mem::take(&mut self.dirty);
        // Some systems forget what they could not write, others go on showing it.
        let forgets = draw.percent(50);
        for sector in dirty {
            if draw.percent(50) {
                self.settle(sector);
            } else if forgets {
                self.forget(sector);
            }
        }
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.cached.truncate(length);
        self.durable.truncate(length);
        self.dirty.retain(|sector| sector * SECTOR < length);
        self.damage = self.damage.filter(|(place, _)| *place < length);
    }

    /// Keeps what is on the disk, and of what is not so many of a hundred sectors.
    pub(super) fn lose_power(&mut self, kept_percent: u64, draw: &mut Draw) {
        for sector in std::mem::take(&mut self.dirty) {
            if draw.percent(kept_percent) {
                self.settle(sector);
            }
        }
        self.cached.clone_from(&self.durable);
    }

    /// Where something else than zero is.
    pub(super) fn written(&self) -> impl Iterator<Item = usize> {
        (0..self.cached.len()).filter(|offset| self.cached[*offset] != 0)
    }

    /// Changes bits of a byte, wherever it is kept.
    pub(super) fn damage(&mut self, offset: usize, mask: u8) {
        self.mend();
        self.flip(offset, mask);
        self.damage = Some((offset, mask));
    }

    /// Takes the damage back, if there is any.
    pub(super) fn mend(&mut self) -> bool {
        let damage = self.damage.take();
        damage.into_iter().for_each(|(offset, mask)| self.flip(offset, mask));
        damage.is_some()
    }

    fn flip(&mut self, offset: usize, mask: u8) {
        for bytes in [&mut self.cached, &mut self.durable] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= mask;
            }
        }
    }

    fn settle(&mut self, sector: usize) {
        let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.cached.len()));
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        self.durable[from..to].copy_from_slice(&self.cached[from..to]);
        self.dirty.remove(&sector);
    }

    fn forget(&mut self, sector: usize) {
        let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.cached.len()));
        let known = self.durable.len().clamp(from, to);
        self.cached[from..known].copy_from_slice(&self.durable[from..known]);
        self.cached[known..to].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> File {
        let mut file = File::zeros(4 * SECTOR);
        file.write(0, &[1; 2 * SECTOR]);
        file
    }

    #[test]
    fn what_was_synced_survives_a_blackout_and_the_rest_may_not() {
        let mut file = written();
        file.sync();
        file.write(SECTOR, &[2; 2 * SECTOR]);
        file.lose_power(0, &mut Draw::new(1, "test"));
        assert_eq!(file.bytes(), [vec![1; 2 * SECTOR], vec![0; 2 * SECTOR]].concat());
    }

    #[test]
    fn a_blackout_tears_at_the_edges_of_sectors() {
        let torn = (0..50).any(|seed| {
            let mut file = written();
            file.lose_power(50, &mut Draw::new(seed, "test"));
            let bytes = file.bytes();
            assert!(bytes.chunks(SECTOR).all(|sector| sector.iter().all(|b| *b == sector[0])));
            bytes[0] != bytes[SECTOR]
        });
        assert!(torn);
    }

    #[test]
    fn a_sync_after_a_failed_one_saves_nothing() {
        let lost = (0..50).any(|seed| {
            let mut draw = Draw::new(seed, "test");
            let mut file = written();
            file.fail_to_sync(&mut draw);
            assert!(file.dirty.is_empty(), "the system believes that all is well");
            file.lose_power(100, &mut draw);
            file.bytes() != written().bytes()
        });
        assert!(lost);
    }
}
