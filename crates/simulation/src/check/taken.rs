//! What the source took: in order, once, and all of it.

use std::collections::HashMap;

use super::Evidence;
use crate::database::POISON;
use crate::history::{Call, Deed, Fate, shown};
use crate::promise::{Promise, Verdict};

/// Whether writes that followed one another reached the source in that order. Deletes look all alike;
/// a delete out of order shows in what is read.
pub(super) fn check_order(evidence: &Evidence, key: &str) -> Verdict {
    let taken = last_of_each(&evidence.taken(key));
    let calls: HashMap<u64, &Call> =
        evidence.calls_of(key).filter_map(|call| Some((written(call)?, call))).collect();
    for (place, earlier) in taken.iter().enumerate() {
        for later in &taken[place + 1..] {
            let (Some(first), Some(second)) = (calls.get(earlier), calls.get(later)) else {
                continue;
            };
            if second.end < first.start {
                return Err(Promise::Order.broken(format!(
                    "the source took {key} = {earlier} before {key} = {later}, which had ended \
                     before the other began"
                )));
            }
        }
    }
    Ok(())
}

/// A batch may be sent again to a source without fences; then the last time counts.
fn last_of_each(taken: &[Option<u64>]) -> Vec<u64> {
    let values = taken.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?)));
    let again = |place: usize, value: u64| taken[place + 1..].contains(&Some(value));
    values.filter(|(place, value)| !again(*place, *value)).map(|(_, value)| value).collect()
}

/// Whether the source took no write twice.
pub(super) fn check_once(evidence: &Evidence, key: &str) -> Verdict {
    let taken = evidence.taken(key);
    let mut times: HashMap<Option<u64>, usize> = HashMap::new();
    taken.iter().for_each(|value| *times.entry(*value).or_default() += 1);
    for (value, taken) in times {
        let writes = evidence.calls_of(key);
        let asked = writes.filter(|call| wrote(call) == Some(value)).count();
        if taken > asked {
            return Err(Promise::Once.broken(format!(
                "the source took {key} = {} {taken} times, and clients wrote it {asked} times",
                shown(value)
            )));
        }
    }
    Ok(())
}

/// Whether all that was acknowledged is in the source, unless a later write took its place.
pub(super) fn check_survival(evidence: &Evidence, key: &str) -> Verdict {
    if evidence.plan.coalesces() {
        // The newest write of a key shows in the last read.
        return Ok(());
    }
    let taken = evidence.taken(key);
    let done = evidence.calls_of(key).filter(|call| is_done(call));
    for value in done.filter_map(written).filter(|value| *value < POISON) {
        if !taken.contains(&Some(value)) {
            return Err(Promise::Survival.broken(format!(
                "{key} = {value} was acknowledged, and the source never took it"
            )));
        }
    }
    Ok(())
}

/// Whether all that was acknowledged and refused is a dead letter, unless a later write took its
/// place, and nothing else is.
pub(super) fn check_letters(evidence: &Evidence, key: &str) -> Verdict {
    let letters = evidence.letters.iter().filter(|(of, _)| of == key);
    if let Some((_, value)) = letters.clone().find(|(_, value)| *value < Some(POISON)) {
        return Err(Promise::Letters.broken(format!(
            "{key} = {} is a dead letter, and the source had nothing against it",
            shown(*value)
        )));
    }
    for call in evidence.calls_of(key).filter(|call| is_done(call) && call.writes_poison()) {
        let kept = letters.clone().any(|(_, value)| *value == written(call));
        if !kept && !may_be_replaced(evidence, call) {
            return Err(Promise::Letters.broken(format!(
                "{key} = {} was acknowledged and is neither in the source nor a dead letter",
                shown(written(call))
            )));
        }
    }
    Ok(())
}

/// Whether the source had what a flush said it had: each acknowledged write, or a later one in its
/// place.
pub(super) fn check_flushes(evidence: &Evidence, key: &str) -> Verdict {
    if evidence.has_poison(key) {
        // A refused write may have taken the place of a good one.
        return Ok(());
    }
    for flush in evidence.flushes.iter().filter(|flush| flush.key == key) {
        let had: Vec<Option<u64>> = evidence.taken_until(key, flush.end);
        let promised =
            evidence.calls_of(key).filter(|call| is_done(call) && call.end < flush.start);
        for call in promised.filter(|call| wrote(call).is_some_and(|value| !had.contains(&value))) {
            let is_later = |other: &&Call| other.end > call.start && is_in(wrote(other), &had);
            if !evidence.plan.coalesces() || !evidence.calls_of(key).any(|it| is_later(&it)) {
                return Err(Promise::Survival.broken(format!(
                    "a flush of {key} ended, and the source had not taken {}",
                    shown(written(call))
                )));
            }
        }
    }
    Ok(())
}

fn is_in(wrote: Option<Option<u64>>, had: &[Option<u64>]) -> bool {
    wrote.is_some_and(|value| had.contains(&value))
}

/// Whether a later write may have taken the place of this one in the journal.
fn may_be_replaced(evidence: &Evidence, call: &Call) -> bool {
    evidence.plan.coalesces()
        && evidence.calls_of(&call.key).any(|other| match other.deed {
            Deed::Write(_, fate) => {
                fate != Fate::Failed && other.start != call.start && call.start < other.end
            }
            Deed::Read(_) => false,
        })
}

fn is_done(call: &Call) -> bool {
    matches!(call.deed, Deed::Write(_, Fate::Done))
}

/// What a call may have written.
fn wrote(call: &Call) -> Option<Option<u64>> {
    match call.deed {
        Deed::Write(value, fate) if fate != Fate::Failed => Some(value),
        _ => None,
    }
}

fn written(call: &Call) -> Option<u64> {
    wrote(call)?
}

#[cfg(test)]
mod tests {
    use super::super::tests::{evidence, unknown, write};
    use super::*;
    use crate::history::Flush;
    use crate::way::Way;

    fn without_coalescing(mut evidence: Evidence) -> Evidence {
        let seeds = (0..).map(|seed| crate::plan::Plan::of(seed, Way::Behind));
        let plan = seeds.into_iter().find(|plan| !plan.coalesces());
        evidence.plan = plan.expect("half of the seeds");
        evidence
    }

    #[test]
    fn a_source_that_took_the_later_write_first_is_out_of_order() {
        let calls = vec![write(Some(1), 1, 2), write(Some(2), 3, 4)];
        assert_eq!(check_order(&evidence(calls.clone(), &[Some(1), Some(2)]), "a"), Ok(()));
        let broken = check_order(&evidence(calls, &[Some(2), Some(1)]), "a").unwrap_err();
        assert_eq!(broken.promise, Promise::Order);
    }

    #[test]
    fn writes_at_the_same_time_have_no_order() {
        let calls = vec![write(Some(1), 1, 4), write(Some(2), 2, 3)];
        for taken in [[Some(1), Some(2)], [Some(2), Some(1)]] {
            assert_eq!(check_order(&evidence(calls.clone(), &taken), "a"), Ok(()));
        }
    }

    #[test]
    fn each_write_is_taken_once_and_each_delete_too() {
        let calls = vec![write(Some(1), 1, 2), unknown(None, 3)];
        assert_eq!(check_once(&evidence(calls.clone(), &[Some(1), None]), "a"), Ok(()));
        for taken in [[Some(1), Some(1)], [None, None]] {
            let broken = check_once(&evidence(calls.clone(), &taken), "a").unwrap_err();
            assert_eq!(broken.promise, Promise::Once);
        }
    }

    #[test]
    fn what_was_acknowledged_is_taken() {
        let calls = vec![write(Some(1), 1, 2), write(Some(2), 3, 4), unknown(Some(3), 5)];
        let lost = without_coalescing(evidence(calls, &[Some(2)]));
        assert_eq!(check_survival(&lost, "a").unwrap_err().promise, Promise::Survival);
    }

    #[test]
    fn what_is_flushed_is_in_the_source() {
        let calls = vec![write(Some(1), 1, 2), write(Some(2), 3, 4)];
        let flush = |start, end| Flush { key: "a".to_owned(), start, end };
        let mut early = without_coalescing(evidence(calls, &[Some(1), Some(2)]));
        early.commits[0].tick = 6;
        early.commits[1].tick = 9;
        early.flushes = vec![flush(3, 7), flush(5, 10)];
        assert_eq!(check_flushes(&early, "a"), Ok(()));
        early.flushes.push(flush(5, 8));
        assert_eq!(check_flushes(&early, "a").unwrap_err().promise, Promise::Survival);
    }

    #[test]
    fn what_was_refused_is_kept() {
        let refused = POISON + 1;
        let calls = vec![write(Some(refused), 1, 2)];
        let mut kept = without_coalescing(evidence(calls, &[]));
        assert_eq!(check_letters(&kept, "a").unwrap_err().promise, Promise::Letters);
        kept.letters.push(("a".to_owned(), Some(refused)));
        assert_eq!(check_letters(&kept, "a"), Ok(()));
        kept.letters.push(("a".to_owned(), Some(1)));
        assert!(check_letters(&kept, "a").is_err(), "nobody refused that one");
    }
}
