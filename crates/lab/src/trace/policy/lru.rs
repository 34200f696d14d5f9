//! Least recently used, exactly, at every size in one pass.
//!
//! A cache of some size holds what a smaller one holds, and more. So one list of all keys, the last
//! used one first, is every cache at once: a request hits wherever its key's place in the list is
//! within the size. (Mattson and others, "Evaluation techniques for storage hierarchies", 1970.) The
//! place is the number of keys that were asked for since, which a tree of sums counts in logarithmic
//! time.

use super::at_each;
use crate::failure::Result;
use crate::interruption;
use crate::trace::requests::{NEVER, Requests};

pub(super) fn hits(requests: &Requests, sizes: &[u64]) -> Result<Vec<u64>> {
    let places = places(requests)?;
    at_each(sizes, |size| {
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(places.len());
        places[..size].iter().sum()
    })
}

/// So many requests take a moment.
const BETWEEN_CHECKS: usize = 1 << 20;

/// How many requests find their key at each place of the list.
fn places(requests: &Requests) -> Result<Vec<u64>> {
    let mut places = vec![0; requests.distinct as usize];
    let mut last_uses = vec![NEVER; requests.distinct as usize];
    let mut latest = Marks::new(requests.keys.len());
    for (position, key) in requests.keys.iter().enumerate() {
        if position.is_multiple_of(BETWEEN_CHECKS) {
            interruption::check()?;
        }
        let last_use = std::mem::replace(&mut last_uses[*key as usize], position as u32);
        if last_use != NEVER {
            let since = latest.total - latest.count_up_to(last_use as usize);
            places[since as usize] += 1;
            latest.clear(last_use as usize);
        }
        latest.set(position);
    }
    Ok(places)
}

/// Marks at positions, and how many there are up to one. (A Fenwick tree.)
struct Marks {
    sums: Vec<u32>,
    total: u32,
}

impl Marks {
    fn new(positions: usize) -> Self {
        Self { sums: vec![0; positions + 1], total: 0 }
    }

    fn set(&mut self, position: usize) {
        self.total += 1;
        self.change(position, |sum| sum + 1);
    }

    fn clear(&mut self, position: usize) {
        self.total -= 1;
        self.change(position, |sum| sum - 1);
    }

    fn change(&mut self, position: usize, change: impl Fn(u32) -> u32) {
        let mut node = position + 1;
        while let Some(sum) = self.sums.get_mut(node) {
            *sum = change(*sum);
            node += lowest_bit(node);
        }
    }

    /// The marks up to `position`, itself included.
    fn count_up_to(&self, position: usize) -> u32 {
        let mut node = position + 1;
        let mut count = 0;
        while node > 0 {
            count += self.sums[node];
            node -= lowest_bit(node);
        }
        count
    }
}

fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// What the rule says, word by word.
    fn naive(keys: &[u32], size: usize) -> u64 {
        let mut held = VecDeque::new();
        let mut hits = 0;
        for key in keys {
            match held.iter().position(|other| other == key) {
                Some(place) => {
                    hits += 1;
                    held.remove(place);
                }
                None if held.len() == size => drop(held.pop_back()),
                None => {}
            }
            held.push_front(*key);
        }
        hits
    }

    proptest! {
        #[test]
        fn agrees_with_a_list_at_every_size(keys in vec(0..30_u64, 1..300)) {
            let requests = Requests::of(keys);
            let sizes: Vec<u64> = (1..40).collect();
            let expected = sizes.iter().map(|size| naive(&requests.keys, *size as usize));
            prop_assert_eq!(hits(&requests, &sizes).unwrap(), expected.collect::<Vec<_>>());
        }
    }
}
