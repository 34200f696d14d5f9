//! A thread or a process for each connection takes too much memory for 10,000 of them.

use larder_server::model::ModelName;

use super::comparison::{Finding, at_least};
use super::untold;
use crate::measure::spread::Spread;
use crate::models::figures::Figures;
use crate::report::Claim;

const CLAIM: &str = "10,000 idle connections take far more memory when each has a thread or a process than in a loop.";

/// From here on it is far more.
const FAR: f64 = 2.0;

pub(super) fn judge(figures: &Figures) -> Claim {
    let of = |model| figures.ten_thousand_idle_mb(model);
    let each = [ModelName::ThreadEach, ModelName::Process];
    let each: Vec<_> = each.into_iter().filter_map(of).collect();
    let (Some(in_loop), false) = (of(ModelName::Epoll), each.is_empty()) else {
        return untold(CLAIM, "epoll, and thread or process, were not both measured.");
    };
    let finding = |memory: &Spread| Finding::of(memory, &in_loop, at_least(FAR));
    let is_far = each.iter().map(finding).fold(Finding::So, Finding::and);
    is_far.judged(CLAIM, told(figures))
}

fn told(figures: &Figures) -> String {
    let known = ModelName::ALL
        .iter()
        .filter_map(|model| Some(format!("{model} {:.0}", figures.ten_thousand_idle_mb(*model)?)));
    let known: Vec<_> = known.collect();
    format!(
        "In MB, the kernel's included, reckoned from those that were held: {}.",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::idle;
    use crate::report::Verdict;

    fn verdict_of(thread: &[f64], process: &[f64], epoll: &[f64]) -> Verdict {
        let mut figures = Figures::default();
        for (model, bytes) in [
            (ModelName::ThreadEach, thread),
            (ModelName::Process, process),
            (ModelName::Epoll, epoll),
        ] {
            figures.of_mut(model).idle.insert(1_000, idle(1_000, bytes));
        }
        judge(&figures).verdict
    }

    #[test]
    fn it_holds_when_both_take_twice_as_much_or_more() {
        assert_eq!(verdict_of(&[20e3], &[90e3], &[5e3]), Verdict::Holds);
        assert_eq!(verdict_of(&[8e3], &[90e3], &[5e3]), Verdict::DoesNotHold);
        assert_eq!(
            verdict_of(&[20e3, 8e3], &[90e3; 2], &[5e3; 2]),
            Verdict::NotOnThisMachine,
            "rounds that disagree"
        );
    }

    #[test]
    fn one_of_them_is_enough_to_tell() {
        assert_eq!(verdict_of(&[20e3], &[], &[5e3]), Verdict::Holds);
        assert_eq!(verdict_of(&[], &[], &[5e3]), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(&[20e3], &[90e3], &[]), Verdict::NotOnThisMachine);
    }
}
