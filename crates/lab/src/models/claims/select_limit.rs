//! select stops at 1024.

use larder_server::model::ModelName;

use super::{judgement, untold, verdict};
use crate::measure::number::counted;
use crate::models::figures::Figures;
use crate::report::Claim;

const CLAIM: &str = "select stops at 1024 descriptors.";

/// The first descriptor past the end of its sets, of which some are no connections.
const FD_SETSIZE: usize = 1024;

/// How many descriptors larder has open beside its connections, at most.
const OTHERS_MAX: usize = 64;

pub(super) fn judge(figures: &Figures) -> Claim {
    let of_select = figures.of(ModelName::Select);
    let most = of_select.idle.iter().max_by_key(|(wanted, _)| **wanted);
    let held =
        most.and_then(|(_, visits)| visits.values().map(|idle| idle.held).max()).unwrap_or(0);
    match of_select.refused.last_key_value() {
        Some((wanted, words)) if (FD_SETSIZE - OTHERS_MAX..FD_SETSIZE).contains(&held) => {
            let told = format!("{} connections were asked for; {words}.", counted(*wanted as u64));
            judgement(CLAIM, told, verdict(true))
        }
        Some((wanted, words)) if *wanted >= FD_SETSIZE => untold(
            CLAIM,
            format!(
                "{} connections were asked for, and something else ran out: {words}.",
                counted(*wanted as u64)
            ),
        ),
        None if held >= FD_SETSIZE => judgement(
            CLAIM,
            format!("It served {} connections.", counted(held as u64)),
            verdict(false),
        ),
        _ => untold(CLAIM, "No more connections were opened than it can watch."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::idle;
    use crate::report::Verdict;

    fn verdict_of(wanted: usize, held: usize, words: Option<&str>) -> Verdict {
        judged(wanted, held, words).verdict
    }

    fn judged(wanted: usize, held: usize, words: Option<&str>) -> Claim {
        let mut figures = Figures::default();
        let of_select = figures.of_mut(ModelName::Select);
        of_select.idle.insert(wanted, idle(held, &[1.0]));
        of_select.refused.extend(words.map(|words| (wanted, words.to_owned())));
        judge(&figures)
    }

    #[test]
    fn it_holds_when_the_next_one_was_refused() {
        let claim =
            judged(10_000, 1_009, Some("after 1,009 connections: no descriptor from 1024 on"));
        assert_eq!(claim.verdict, Verdict::Holds);
        assert_eq!(
            claim.figures,
            "10,000 connections were asked for; after 1,009 connections: no descriptor from 1024 on."
        );
    }

    #[test]
    fn it_does_not_hold_when_more_are_served() {
        assert_eq!(verdict_of(2_000, 2_000, None), Verdict::DoesNotHold);
    }

    #[test]
    fn it_cannot_be_told_with_fewer_or_when_something_else_ran_out() {
        assert_eq!(verdict_of(1_000, 1_000, None), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(2_000, 300, Some("no memory")), Verdict::NotOnThisMachine);
    }
}
