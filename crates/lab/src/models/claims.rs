//! What textbooks claim of models, and what the figures say of it.
//!
//! A claim is one file, which says it, picks the figures that bear on it and judges them, and one line
//! here. A difference counts when it is there in every round, and where rounds disagree, the machine cannot
//! tell; see [`Finding`](comparison::Finding).

mod comparison;
mod creation;
mod idle_memory;
mod mostly_active;
mod mostly_idle;
mod one_thread;
mod scale;
mod scan;
mod select_limit;
mod shared_memory;
mod watched;

use super::figures::Figures;
use crate::report::{Claim, Verdict};

/// All of them, in the order of the report.
const CLAIMS: &[fn(&Figures) -> Claim] = &[
    creation::of_processes,
    creation::of_threads,
    idle_memory::judge,
    select_limit::judge,
    scan::select_and_poll,
    scan::epoll,
    shared_memory::judge,
    mostly_idle::judge,
    mostly_active::judge,
    watched::judge,
    one_thread::judge,
    scale::loops,
    scale::tasks,
];

/// Every claim with its verdict.
pub(super) fn judged(figures: &Figures) -> Vec<Claim> {
    CLAIMS.iter().map(|judge| judge(figures)).collect()
}

/// A claim that the figures say nothing of, with the reason.
fn untold(claim: &str, reason: impl Into<String>) -> Claim {
    judgement(claim, reason, Verdict::NotOnThisMachine)
}

fn judgement(claim: &str, figures: impl Into<String>, verdict: Verdict) -> Claim {
    Claim { claim: claim.to_owned(), figures: figures.into(), verdict }
}

/// A claim that is either borne out or contradicted.
fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::DoesNotHold }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_figures_most_claims_cannot_be_told_and_none_is_borne_out() {
        let claims = judged(&Figures::default());
        assert_eq!(claims.len(), CLAIMS.len());
        for claim in claims {
            assert_ne!(claim.verdict, Verdict::Holds, "{}", claim.claim);
            assert!(!claim.figures.is_empty(), "{}", claim.claim);
        }
    }

    #[test]
    fn no_claim_is_made_twice() {
        let mut claims: Vec<_> =
            judged(&Figures::default()).into_iter().map(|it| it.claim).collect();
        claims.sort_unstable();
        claims.dedup();
        assert_eq!(claims.len(), CLAIMS.len());
    }
}
