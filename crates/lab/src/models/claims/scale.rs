//! Several threads scale: with multiplexing, and with tasks.

use std::thread;

use larder_server::model::ModelName;

use super::comparison::{Finding, MORE, times};
use super::untold;
use crate::models::figures::{Figures, Load};
use crate::models::plan::Shape;
use crate::report::Claim;

/// Half of the cores are the generator's, so that from here on two are left for the server.
const CORES_MIN: usize = 4;

/// Several loops against one.
pub(super) fn loops(figures: &Figures) -> Claim {
    let claim = "Several threads with multiplexing scale where one does not.";
    judge(claim, ModelName::Reactors, ModelName::Epoll, figures, cores())
}

/// Tasks on several threads against tasks on one.
pub(super) fn tasks(figures: &Figures) -> Claim {
    let claim = "Tasks on several threads (like goroutines) scale where tasks on one do not.";
    judge(claim, ModelName::Tasks, ModelName::Local, figures, cores())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn judge(
    claim: &str,
    several: ModelName,
    one: ModelName,
    figures: &Figures,
    cores: usize,
) -> Claim {
    let is_active = |shape: Shape| shape.active == shape.connections && shape.active > 1;
    // Deep pipelines leave the server most of the work; the fewer connections, the less of it is waiting.
    let rank = |shape: Shape| is_active(shape).then_some((shape.depth, usize::MAX - shape.active));
    let Some(shape) = figures.shape_of_all(&[several, one], rank) else {
        return untold(claim, format!("{several} and {one} were not both measured."));
    };
    let rate = |model| figures.load(model, shape, |load| load.per_second);
    let (Some(of_several), Some(of_one)) = (rate(several), rate(one)) else {
        return untold(claim, format!("{several} and {one} were not both measured."));
    };
    let told = format!(
        "{shape}: {of_several:.0} requests/s under {several} and {of_one:.0} under {one}, {}.",
        times(&of_several, &of_one)
    );
    let is_busy = |model| figures.of(model).loads[&shape].values().any(Load::is_generators);
    if is_busy(several) || is_busy(one) {
        return untold(
            claim,
            told + " The generator was as busy as it can be: the rates are its own.",
        );
    }
    match Finding::of(&of_several, &of_one, MORE) {
        // Beside a generator that takes its share there is nothing to scale to.
        Finding::NotSo if cores < CORES_MIN => {
            untold(claim, format!("{told} There are {cores} cores, for both sides."))
        }
        finding => finding.judged(claim, told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::loads_of_rate;
    use crate::report::Verdict;

    const SHAPE: Shape = Shape { connections: 50, active: 50, depth: 16 };

    fn verdict_of(several: &[f64], one: &[f64], cores: usize) -> Verdict {
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Reactors).loads.insert(SHAPE, loads_of_rate(several));
        figures.of_mut(ModelName::Epoll).loads.insert(SHAPE, loads_of_rate(one));
        judged(&figures, cores).verdict
    }

    fn judged(figures: &Figures, cores: usize) -> Claim {
        judge("It scales.", ModelName::Reactors, ModelName::Epoll, figures, cores)
    }

    #[test]
    fn more_requests_in_every_round_bear_it_out() {
        assert_eq!(verdict_of(&[2e6, 3e6], &[1e6, 1e6], 2), Verdict::Holds);
        assert_eq!(verdict_of(&[1e6, 1e6], &[1e6, 1e6], 8), Verdict::DoesNotHold);
    }

    #[test]
    fn rates_of_a_busy_generator_tell_nothing() {
        let mut figures = Figures::default();
        for (model, rate, generator_busy) in
            [(ModelName::Reactors, 3e6, 0.99), (ModelName::Epoll, 1e6, 0.5)]
        {
            let mut rounds = loads_of_rate(&[rate, rate]);
            rounds.values_mut().next_back().unwrap().generator_busy = generator_busy;
            figures.of_mut(model).loads.insert(SHAPE, rounds);
        }
        let claim = judged(&figures, 8);
        assert_eq!(claim.verdict, Verdict::NotOnThisMachine);
        assert!(claim.figures.contains("the rates are its own"), "{}", claim.figures);
    }

    #[test]
    fn rounds_that_disagree_tell_nothing_on_any_machine() {
        assert_eq!(verdict_of(&[2e6, 1e6], &[1e6, 1e6], 8), Verdict::NotOnThisMachine);
    }

    #[test]
    fn few_cores_tell_nothing_against_it() {
        assert_eq!(verdict_of(&[1e6, 1e6], &[1e6, 1e6], 2), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(&[], &[1e6], 8), Verdict::NotOnThisMachine);
    }

    #[test]
    fn tasks_are_compared_with_tasks() {
        assert!(tasks(&Figures::default()).figures.contains("tasks and local"));
    }
}
