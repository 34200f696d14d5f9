//! What textbooks claim of the strategies, and what the figures say of it.

use std::cmp::Ordering;

use super::application::{Consistency, QUEUE_IN_MEMORY, Said, Speed, Strategy};
use super::evidence::{Evidence, READ_P50, WRITE_P50};
use super::results::{Metric, Results};
use super::workload::{READ_MOSTLY, WRITE_HEAVY};
use crate::measure::spread::Spread;
use crate::report::{Claim, Verdict};

/// What is called fast takes at most this share of the time that the database alone takes.
pub(super) const FAST_MAX: f64 = 0.8;

/// What is called very fast, likewise.
pub(super) const VERY_FAST_MAX: f64 = 0.5;

/// What is called slow takes at least so much.
pub(super) const SLOW_MIN: f64 = 1.25;

/// Every claim, strategy by strategy.
pub(super) fn claims(results: &Results) -> Vec<Claim> {
    results.strategies().flat_map(|strategy| of_strategy(results, strategy)).collect()
}

fn of_strategy(results: &Results, strategy: &'static Strategy) -> Vec<Claim> {
    let Some(said) = &strategy.said else { return Vec::new() };
    let evidence = Evidence { results, strategy };
    let mut claims = vec![
        speed(&evidence, "reads", said.read, READ_MOSTLY, READ_P50),
        speed(&evidence, "writes", said.write, WRITE_HEAVY, WRITE_P50),
        consistency(&evidence, said),
    ];
    if said.consistency == Consistency::LowToMedium {
        claims.push(outside(&evidence));
        claims.push(loss(&evidence));
    }
    claims
}

fn speed(
    evidence: &Evidence<'_>,
    what: &str,
    said: Speed,
    workload: &str,
    metric: Metric,
) -> Claim {
    let ratio = evidence.results.beside_reference(workload, evidence.strategy, metric);
    Claim {
        claim: format!("{}: {what} are {}", evidence.strategy.name, said.word()),
        figures: match &ratio {
            Some(ratio) => {
                format!("p50 under {workload}: {ratio:.2} of what the database alone takes")
            }
            None => "not measured".to_owned(),
        },
        verdict: ratio.map_or(Verdict::NotOnThisMachine, |ratio| judge(said, &ratio)),
    }
}

/// A ratio whose rounds disagree tells nothing.
fn judge(said: Speed, ratio: &Spread) -> Verdict {
    let (least, most) = match said {
        Speed::VeryFast => (0.0, VERY_FAST_MAX),
        Speed::Fast => (0.0, FAST_MAX),
        Speed::Normal => (FAST_MAX, SLOW_MIN),
        Speed::Slow => (SLOW_MIN, f64::INFINITY),
    };
    let side = |ratio: f64| match ratio {
        _ if ratio < least => Ordering::Less,
        _ if ratio > most => Ordering::Greater,
        _ => Ordering::Equal,
    };
    match (side(ratio.least()), side(ratio.most())) {
        (Ordering::Equal, Ordering::Equal) => Verdict::Holds,
        (one, other) if one == other => Verdict::DoesNotHold,
        _ => Verdict::NotOnThisMachine,
    }
}

fn consistency(evidence: &Evidence<'_>, said: &Said) -> Claim {
    let seen = evidence.results.sightings(evidence.strategy);
    let is_high = said.consistency == Consistency::High;
    let promise = match is_high {
        true => "no read is older than what has been committed",
        false => "reads may be older than what has been committed",
    };
    Claim {
        claim: format!(
            "{}: its consistency is {}: {promise}",
            evidence.strategy.name,
            said.consistency.words()
        ),
        figures: evidence.staleness(),
        verdict: match seen.reads {
            0 => Verdict::NotOnThisMachine,
            _ => verdict(is_high == (seen.stale == 0)),
        },
    }
}

fn outside(evidence: &Evidence<'_>) -> Claim {
    let seen = evidence.results.outside(evidence.strategy);
    Claim {
        claim: format!("{}: the database is behind for a while", evidence.strategy.name),
        figures: evidence.lag(),
        verdict: match seen.reads {
            0 => Verdict::NotOnThisMachine,
            _ => verdict(seen.stale > 0),
        },
    }
}

fn loss(evidence: &Evidence<'_>) -> Claim {
    let crashes = evidence.results.crashes(evidence.strategy);
    let lost = crashes.iter().map(|losses| losses.lost).sum::<usize>();
    let memory = evidence.results.killed().find(|other| other.name == QUEUE_IN_MEMORY.name);
    let in_memory = memory.map(|strategy| {
        let of_memory = Evidence { results: evidence.results, strategy };
        format!("; with its queue in memory {}", of_memory.losses())
    });
    Claim {
        claim: format!("{}: a crash loses acknowledged writes", evidence.strategy.name),
        figures: evidence.losses() + &in_memory.unwrap_or_default(),
        verdict: match crashes.is_empty() {
            true => Verdict::NotOnThisMachine,
            false => verdict(lost > 0),
        },
    }
}

fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::DoesNotHold }
}

#[cfg(test)]
mod tests {
    use super::super::application::{REFERENCE, chosen};
    use super::super::crash::Losses;
    use super::super::observer::Sightings;
    use super::super::results::sample;
    use super::super::trial::Sample;
    use super::*;

    fn verdict_on(
        name: &str,
        claim: &str,
        fill: impl Fn(&mut Results, &'static Strategy),
    ) -> Verdict {
        let mut results = Results::new(chosen(&[name.to_owned()]).unwrap(), Vec::new());
        let strategy = results.strategies().last().unwrap();
        fill(&mut results, strategy);
        let found = claims(&results).into_iter().find(|found| found.claim.contains(claim));
        found.unwrap().verdict
    }

    #[test]
    fn a_speed_is_judged_beside_the_database_alone() {
        let reads = |times: &[f64]| {
            let times = times.to_vec();
            verdict_on("cache-aside", "reads are fast", move |results, strategy| {
                for time in &times {
                    results.add(READ_MOSTLY, REFERENCE, sample(1.0, 100.0, 1.0));
                    results.add(READ_MOSTLY, strategy, sample(1.0, *time, 1.0));
                }
            })
        };
        assert_eq!(reads(&[50.0, 60.0]), Verdict::Holds);
        assert_eq!(reads(&[90.0, 150.0]), Verdict::DoesNotHold);
        assert_eq!(reads(&[50.0, 150.0]), Verdict::NotOnThisMachine);
        assert_eq!(reads(&[]), Verdict::NotOnThisMachine);
    }

    #[test]
    fn normal_lies_between_fast_and_slow() {
        let spread = |ratio| Spread::of([ratio]).unwrap();
        assert_eq!(judge(Speed::Normal, &spread(1.0)), Verdict::Holds);
        assert_eq!(judge(Speed::Normal, &spread(0.5)), Verdict::DoesNotHold);
        assert_eq!(judge(Speed::Slow, &spread(1.5)), Verdict::Holds);
        assert_eq!(judge(Speed::VeryFast, &spread(0.6)), Verdict::DoesNotHold);
        let both_sides = Spread::of([0.4, 1.5]).unwrap();
        assert_eq!(judge(Speed::Normal, &both_sides), Verdict::NotOnThisMachine);
    }

    #[test]
    fn consistency_is_judged_by_what_readers_saw() {
        let judged = |name: &str, stale| {
            verdict_on(name, "consistency", move |results, strategy| {
                let sightings = Sightings { reads: 10, stale, ..Sightings::default() };
                let sample = Sample { sightings, ..Sample::default() };
                results.add(READ_MOSTLY, strategy, sample);
            })
        };
        assert_eq!(judged("write-through", 0), Verdict::Holds);
        assert_eq!(judged("write-through", 1), Verdict::DoesNotHold);
        assert_eq!(judged("cache-aside", 0), Verdict::DoesNotHold);
        assert_eq!(judged("cache-aside", 1), Verdict::Holds);
        let unseen = verdict_on("cache-aside", "consistency", |_, _| {});
        assert_eq!(unseen, Verdict::NotOnThisMachine);
    }

    #[test]
    fn a_crash_that_costs_nothing_contradicts_the_claim() {
        let judged = |lost| {
            verdict_on("write-behind", "loses", move |results, strategy| {
                results.add_crashed(strategy, Losses { acknowledged: 10, lost });
            })
        };
        assert_eq!(judged(0), Verdict::DoesNotHold);
        assert_eq!(judged(2), Verdict::Holds);
        assert_eq!(verdict_on("write-behind", "loses", |_, _| {}), Verdict::NotOnThisMachine);
    }
}
