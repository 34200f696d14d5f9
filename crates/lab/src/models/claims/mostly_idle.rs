//! epoll is best with many connections of which most are idle.

use larder_server::model::ModelName;

use super::comparison::{Finding, LESS};
use super::untold;
use crate::measure::spread::Spread;
use crate::models::figures::Figures;
use crate::models::plan::Shape;
use crate::report::Claim;

const CLAIM: &str = "Of the pollers, epoll is best with many connections that are mostly idle.";

/// Fewer connections are not many.
const CONNECTIONS_MIN: usize = 500;

/// So many of a hundred are active at most.
const ACTIVE_MAX: usize = 10;

pub(super) fn judge(figures: &Figures) -> Claim {
    // Most connections, then fewest active, then one request at a time.
    let rank = |shape: Shape| {
        let is_many = shape.connections >= CONNECTIONS_MIN;
        let is_idle = shape.percent() <= ACTIVE_MAX && shape.depth == 1;
        (is_many && is_idle).then_some((shape.connections, usize::MAX - shape.active))
    };
    let pair = [ModelName::Epoll, ModelName::Poll];
    let Some(shape) = figures.shape_of_all(&pair, rank) else {
        return untold(
            CLAIM,
            "epoll and poll were not both measured with many connections that are mostly idle.",
        );
    };
    let cpu = |model| figures.load(model, shape, |load| load.cpu_us);
    let rate = |model| figures.load(model, shape, |load| load.per_second);
    let (Some(epoll), Some(poll)) = (cpu(ModelName::Epoll), cpu(ModelName::Poll)) else {
        return untold(CLAIM, "epoll and poll were not both measured.");
    };
    let rates = match (rate(ModelName::Epoll), rate(ModelName::Poll)) {
        (Some(epoll), Some(poll)) => format!("; {epoll:.0} and {poll:.0} requests/s"),
        _ => String::new(),
    };
    let select = match cpu(ModelName::Select) {
        Some(select) => format!("; select {select:.1} µs"),
        None => "; select does not take as many".to_owned(),
    };
    let told = format!(
        "{shape}: a request takes {epoll:.1} µs of CPU time under epoll and {poll:.1} µs under poll{select}\
         {rates}."
    );
    let is_less = |other: &Spread| Finding::of(&epoll, other, LESS);
    let beats_select = cpu(ModelName::Select).map_or(Finding::So, |select| is_less(&select));
    is_less(&poll).and(beats_select).judged(CLAIM, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::loads_of_cpu;
    use crate::report::Verdict;

    fn judged(active: usize, epoll: &[f64], poll: &[f64], select: Option<&[f64]>) -> Claim {
        let shape = Shape { connections: 1_000, active, depth: 1 };
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Epoll).loads.insert(shape, loads_of_cpu(epoll));
        figures.of_mut(ModelName::Poll).loads.insert(shape, loads_of_cpu(poll));
        if let Some(select) = select {
            figures.of_mut(ModelName::Select).loads.insert(shape, loads_of_cpu(select));
        }
        judge(&figures)
    }

    #[test]
    fn it_holds_when_a_request_costs_least_under_epoll() {
        assert_eq!(judged(10, &[5.0, 6.0], &[20.0, 22.0], None).verdict, Verdict::Holds);
        assert_eq!(
            judged(10, &[5.0, 6.0], &[20.0, 22.0], Some(&[9.0, 9.0])).verdict,
            Verdict::Holds
        );
        assert_eq!(
            judged(10, &[5.0, 6.0], &[20.0, 22.0], Some(&[5.0, 5.5])).verdict,
            Verdict::DoesNotHold
        );
        assert_eq!(judged(10, &[5.0, 6.0], &[5.0, 5.5], None).verdict, Verdict::DoesNotHold);
    }

    #[test]
    fn a_round_that_says_something_else_leaves_it_open() {
        let claim = judged(10, &[11.2, 11.2], &[14.9, 11.5], None);
        assert_eq!(claim.verdict, Verdict::NotOnThisMachine);
        assert!(claim.figures.ends_with("The rounds disagree."), "{}", claim.figures);
    }

    #[test]
    fn connections_that_are_all_active_tell_nothing() {
        assert_eq!(judged(1_000, &[5.0], &[20.0], None).verdict, Verdict::NotOnThisMachine);
    }
}
