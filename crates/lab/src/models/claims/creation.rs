//! Processes and threads cost too much to create, so there are pools of them.

use larder_server::model::ModelName;

use super::comparison::{Finding, at_least, times};
use super::untold;
use crate::models::figures::Figures;
use crate::report::Claim;

/// From here on it is too much.
const TOO_MUCH: f64 = 2.0;

/// Of a process for each connection, beside a set of processes.
pub(super) fn of_processes(figures: &Figures) -> Claim {
    let claim =
        "A process for each connection costs too much to create, so there are pools of processes.";
    judge(claim, ModelName::Process, ModelName::Prefork, figures)
}

/// Of a thread for each connection, beside a set of threads.
pub(super) fn of_threads(figures: &Figures) -> Claim {
    let claim =
        "A thread for each connection costs too much to create, so there are pools of threads.";
    judge(claim, ModelName::ThreadEach, ModelName::Pool, figures)
}

fn judge(claim: &str, each: ModelName, pool: ModelName, figures: &Figures) -> Claim {
    let cpu = |model| figures.arrival(model, |arrival| arrival.cpu_us);
    let elapsed = |model| figures.arrival(model, |arrival| arrival.elapsed_us);
    let (Some(one), Some(other)) = (cpu(each), cpu(pool)) else {
        return untold(claim, format!("{each} and {pool} were not both measured."));
    };
    let (Some(one_elapsed), Some(other_elapsed)) = (elapsed(each), elapsed(pool)) else {
        return untold(claim, format!("{each} and {pool} were not both measured."));
    };
    let told = format!(
        "Opened, asked once and closed, a connection costs {one:.0} µs of CPU time under {each} and {other:.0} \
         µs under {pool}, {}; it takes {one_elapsed:.0} µs and {other_elapsed:.0} µs. Who keeps a connection \
         pays this once.",
        times(&one, &other)
    );
    Finding::of(&one, &other, at_least(TOO_MUCH)).judged(claim, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up;
    use crate::report::Verdict;

    fn verdict_of(each: &[f64], pool: &[f64]) -> Verdict {
        let mut figures = Figures::default();
        figures.of_mut(ModelName::ThreadEach).arrivals = made_up::arrivals(each);
        figures.of_mut(ModelName::Pool).arrivals = made_up::arrivals(pool);
        of_threads(&figures).verdict
    }

    #[test]
    fn it_holds_where_creation_costs_twice_as_much_in_every_round() {
        assert_eq!(verdict_of(&[90.0, 95.0], &[40.0, 45.0]), Verdict::Holds);
        assert_eq!(verdict_of(&[50.0, 60.0], &[40.0, 45.0]), Verdict::DoesNotHold);
        assert_eq!(verdict_of(&[90.0, 40.0], &[40.0, 45.0]), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(&[], &[40.0]), Verdict::NotOnThisMachine);
    }

    #[test]
    fn processes_are_compared_with_processes() {
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Process).arrivals = made_up::arrivals(&[900.0]);
        figures.of_mut(ModelName::Prefork).arrivals = made_up::arrivals(&[90.0]);
        let claim = of_processes(&figures);
        assert_eq!(claim.verdict, Verdict::Holds);
        assert!(
            claim.figures.contains("900 µs of CPU time under process and 90"),
            "{}",
            claim.figures
        );
    }
}
