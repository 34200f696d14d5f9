//! select and poll scan every descriptor, and epoll only sees what is active.

use larder_server::model::ModelName;

use super::comparison::{Finding, MORE};
use super::untold;
use crate::measure::number::counted;
use crate::measure::spread::Spread;
use crate::models::figures::Figures;
use crate::report::Claim;

/// What a connection that is idle adds to a request of another, under epoll, beside what it adds under poll:
/// up to here it counts as nothing, since the rounds scatter by about as much.
const NOTHING: f64 = 0.1;

/// What idle connections cost the only active one.
struct Growth {
    /// How many there were in the end.
    connections: usize,
    /// CPU time of a request alone, and in the end, in microseconds.
    alone: Spread,
    among: Spread,
}

impl Growth {
    fn of(model: ModelName, figures: &Figures) -> Option<Self> {
        let scans = &figures.of(model).scans;
        let (fewest, most) = (*scans.first_key_value()?.0, *scans.last_key_value()?.0);
        let (alone, among) = (figures.scan(model, fewest)?, figures.scan(model, most)?);
        (most > fewest).then_some(Self { connections: most, alone, among })
    }

    /// Whether idle connections cost anything.
    fn is_there(&self) -> Finding {
        Finding::of(&self.among, &self.alone, MORE)
    }

    /// What one more connection adds to a request, in nanoseconds.
    fn each_ns(&self) -> Option<Spread> {
        let idle = (self.connections - 1) as f64;
        self.among.paired(&self.alone, |among, alone| (among - alone) * 1e3 / idle)
    }

    fn told(&self, model: ModelName) -> String {
        let Self { connections, alone, among } = self;
        let connections = counted(*connections as u64);
        let each = self.each_ns().map_or(String::new(), |each| format!(", {each:.1} ns for each"));
        format!("{model} {alone:.1} µs alone and {among:.1} µs among {connections}{each}")
    }
}

/// Of select and poll.
pub(super) fn select_and_poll(figures: &Figures) -> Claim {
    let claim =
        "select and poll scan every descriptor, and copy them into the kernel, on each call.";
    let growth = |model| Growth::of(model, figures);
    let (Some(select), Some(poll)) = (growth(ModelName::Select), growth(ModelName::Poll)) else {
        return untold(
            claim,
            "select and poll were not both measured with more than one connection.",
        );
    };
    let told = format!(
        "CPU time of a request of the only active connection: {}; {}. A call of poll copies 8 bytes for each \
         connection, {} bytes in the end; one of select two sets of 128 bytes, and what is ready back into them.",
        select.told(ModelName::Select),
        poll.told(ModelName::Poll),
        counted(8 * poll.connections as u64)
    );
    select.is_there().and(poll.is_there()).judged(claim, told)
}

/// Of epoll.
pub(super) fn epoll(figures: &Figures) -> Claim {
    let claim = "epoll only sees what is active.";
    let growth = |model| Growth::of(model, figures);
    let (Some(epoll), Some(poll)) = (growth(ModelName::Epoll), growth(ModelName::Poll)) else {
        return untold(
            claim,
            "epoll and poll were not both measured with more than one connection.",
        );
    };
    let (Some(of_epoll), Some(of_poll)) = (epoll.each_ns(), poll.each_ns()) else {
        return untold(claim, "The rounds of epoll and poll have no figures in common.");
    };
    let told = format!(
        "CPU time of a request of the only active connection: {}; {}.",
        epoll.told(ModelName::Epoll),
        poll.told(ModelName::Poll)
    );
    if poll.is_there() != Finding::So {
        return untold(claim, told + " Not even those of poll can be told from none.");
    }
    Finding::of(&of_epoll, &of_poll, f64::NEG_INFINITY..=NOTHING).judged(claim, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::rounds;
    use crate::report::Verdict;

    fn figures(scans: &[(ModelName, [f64; 2])]) -> Figures {
        let mut figures = Figures::default();
        for (model, [alone, among]) in scans {
            let rounds = |cpu_us: f64| rounds([cpu_us, cpu_us + 0.1]);
            figures.of_mut(*model).scans.extend([(1, rounds(*alone)), (900, rounds(*among))]);
        }
        figures
    }

    #[test]
    fn a_scan_shows_in_what_idle_connections_cost() {
        let scans = |select, poll| figures(&[(ModelName::Select, select), (ModelName::Poll, poll)]);
        let claim = select_and_poll(&scans([10.0, 20.0], [10.0, 28.0]));
        assert_eq!(claim.verdict, Verdict::Holds);
        assert!(claim.figures.contains("7,200 bytes"), "{}", claim.figures);
        let flat = select_and_poll(&scans([10.0, 10.1], [10.0, 28.0]));
        assert_eq!(flat.verdict, Verdict::DoesNotHold);
        let one = figures(&[(ModelName::Poll, [10.0, 28.0])]);
        assert_eq!(select_and_poll(&one).verdict, Verdict::NotOnThisMachine);
    }

    #[test]
    fn epoll_sees_only_what_is_active_when_the_idle_cost_next_to_nothing() {
        let verdict_of = |epoll, poll| {
            epoll_claim(&figures(&[(ModelName::Epoll, epoll), (ModelName::Poll, poll)]))
        };
        assert_eq!(verdict_of([10.0, 10.3], [10.0, 28.0]), Verdict::Holds);
        assert_eq!(verdict_of([10.0, 20.0], [10.0, 28.0]), Verdict::DoesNotHold);
        assert_eq!(verdict_of([10.0, 10.3], [10.0, 10.1]), Verdict::NotOnThisMachine);
        assert_eq!(epoll_claim(&Figures::default()), Verdict::NotOnThisMachine);
    }

    #[test]
    fn rounds_of_epoll_that_disagree_tell_nothing() {
        let mut figures = figures(&[(ModelName::Poll, [10.0, 28.0])]);
        let scans = &mut figures.of_mut(ModelName::Epoll).scans;
        scans.extend([(1, rounds([10.0, 10.0])), (900, rounds([10.1, 19.0]))]);
        assert_eq!(epoll_claim(&figures), Verdict::NotOnThisMachine);
    }

    #[test]
    fn growth_is_that_within_a_round_even_when_another_round_is_missing() {
        let mut figures = Figures::default();
        let scans = &mut figures.of_mut(ModelName::Poll).scans;
        scans.extend([(1, rounds([10.0, 50.0])), (900, [(1, 68.0)].into())]);
        let growth = Growth::of(ModelName::Poll, &figures).unwrap();
        assert!((growth.each_ns().unwrap().median() - 18e3 / 899.0).abs() < 1e-9);
    }

    fn epoll_claim(figures: &Figures) -> Verdict {
        epoll(figures).verdict
    }
}
