//! The optimum: what nobody can better, since it knows what comes. (Belady, "A study of replacement
//! algorithms for a virtual-storage computer", 1966.)
//!
//! Whatever is asked for is kept for its next request, until there is no room; then the one is dropped
//! whose next request is farthest away. That may be the one that has just been asked for: larder need
//! not keep what it loads, so the bound on it may not have to either.

use std::collections::BinaryHeap;

use super::at_each;
use crate::failure::Result;
use crate::trace::requests::{NEVER, Requests};

pub(super) fn hits(requests: &Requests, sizes: &[u64]) -> Result<Vec<u64>> {
    let next_uses = requests.next_uses();
    at_each(sizes, |size| hits_at(&next_uses, size))
}

fn hits_at(next_uses: &[u32], size: u64) -> u64 {
    let mut kept = Kept::new(next_uses.len(), size);
    let mut hits = 0;
    for (position, next_use) in next_uses.iter().enumerate() {
        hits += u64::from(kept.take(position));
        if *next_use != NEVER {
            kept.put(*next_use, position);
        }
    }
    hits
}

/// The entries that are kept, each known by the position of the request that it is kept for.
struct Kept {
    size: u64,
    count: u64,
    /// For each request, whether its entry is kept.
    awaited: Vec<bool>,
    /// The positions of `awaited`, the farthest first, and some that are past. These are before all
    /// others, so they never come to the top while an entry is kept.
    farthest: BinaryHeap<u32>,
}

impl Kept {
    fn new(requests: usize, size: u64) -> Self {
        Self { size, count: 0, awaited: vec![false; requests], farthest: BinaryHeap::new() }
    }

    /// Takes the entry that is kept for a request; says whether there is one.
    fn take(&mut self, position: usize) -> bool {
        let found = self.awaited[position];
        self.count -= u64::from(found);
        found
    }

    /// Keeps an entry for `next_use`, and drops one if that is one too many.
    fn put(&mut self, next_use: u32, now: usize) {
        self.awaited[next_use as usize] = true;
        self.farthest.push(next_use);
        self.count += 1;
        if self.count > self.size
            && let Some(dropped) = self.farthest.pop()
        {
            self.awaited[dropped as usize] = false;
            self.count -= 1;
        }
        self.forget_past(now);
    }

    /// Bounds the heap: at least half of it goes whenever it is gone through.
    fn forget_past(&mut self, now: usize) {
        if self.farthest.len() as u64 > 2 * self.size + 64 {
            self.farthest.retain(|position| *position as usize > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The most hits that any choice at every miss comes to.
    fn by_trying_everything(keys: &[u32], held: &[u32], size: usize) -> u64 {
        let Some((key, later)) = keys.split_first() else { return 0 };
        if held.contains(key) {
            return 1 + by_trying_everything(later, held, size);
        }
        let mut with_it = held.to_vec();
        with_it.push(*key);
        if with_it.len() <= size {
            return by_trying_everything(later, &with_it, size);
        }
        let without = |dropped: usize| {
            let mut left = with_it.clone();
            left.remove(dropped);
            by_trying_everything(later, &left, size)
        };
        (0..with_it.len()).map(without).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_choice_comes_to_more(keys in vec(0..5_u64, 1..11), size in 1..4_usize) {
            let requests = Requests::of(keys);
            let most = by_trying_everything(&requests.keys, &[], size);
            prop_assert_eq!(hits(&requests, &[size as u64]).unwrap(), [most]);
        }
    }

    #[test]
    fn what_is_past_does_not_pile_up() {
        let requests = Requests::of((0..10_000).map(|request| request % 7));
        let mut kept = Kept::new(requests.keys.len(), 3);
        for (position, next_use) in requests.next_uses().into_iter().enumerate() {
            kept.take(position);
            if next_use != NEVER {
                kept.put(next_use, position);
            }
            assert!(kept.farthest.len() <= 70 && kept.count <= 3);
        }
    }
}
