//! select is best when most connections are active.

use super::comparison::{Finding, LESS, times};
use super::untold;
use crate::models::figures::Figures;
use crate::models::plan::Shape;
use crate::models::visit::POLLERS;
use crate::report::Claim;

const CLAIM: &str = "Of the pollers, select is best when most connections are active.";

pub(super) fn judge(figures: &Figures) -> Claim {
    let is_active = |shape: Shape| shape.active == shape.connections && shape.connections > 1;
    let rank = |shape: Shape| (is_active(shape) && shape.depth == 1).then_some(shape.connections);
    let Some(shape) = figures.shape_of_all(&POLLERS, rank) else {
        return untold(CLAIM, "The pollers were not all measured with active connections.");
    };
    let cpu = |model| figures.load(model, shape, |load| load.cpu_us);
    let [Some(select), Some(poll), Some(epoll)] = POLLERS.map(cpu) else {
        return untold(CLAIM, "The pollers were not all measured.");
    };
    let told = format!(
        "{shape}: a request takes {select:.2} µs of CPU time under select, {poll:.2} µs under poll and \
         {epoll:.2} µs under epoll; select takes {} epoll, and {} poll.",
        times(&select, &epoll),
        times(&select, &poll)
    );
    let is_less = |other| Finding::of(&select, other, LESS);
    is_less(&epoll).and(is_less(&poll)).judged(CLAIM, told)
}

#[cfg(test)]
mod tests {
    use larder_server::model::ModelName;

    use super::*;
    use crate::models::figures::made_up::loads_of_cpu;
    use crate::report::Verdict;

    fn verdict_of(active: usize, select: &[f64], poll: &[f64], epoll: &[f64]) -> Verdict {
        let shape = Shape { connections: 50, active, depth: 1 };
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Select).loads.insert(shape, loads_of_cpu(select));
        figures.of_mut(ModelName::Poll).loads.insert(shape, loads_of_cpu(poll));
        figures.of_mut(ModelName::Epoll).loads.insert(shape, loads_of_cpu(epoll));
        judge(&figures).verdict
    }

    #[test]
    fn it_holds_only_when_select_costs_less_in_every_round() {
        let higher = [5.0, 5.1];
        assert_eq!(verdict_of(50, &[4.0, 4.1], &higher, &higher), Verdict::Holds);
        assert_eq!(verdict_of(50, &[4.0, 5.2], &higher, &higher), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(50, &[5.0, 5.1], &[6.0, 6.1], &[4.0, 4.1]), Verdict::DoesNotHold);
    }

    #[test]
    fn it_has_to_beat_poll_too() {
        assert_eq!(verdict_of(50, &[4.0], &[3.0], &[5.0]), Verdict::DoesNotHold);
        assert_eq!(verdict_of(50, &[4.0], &[4.1], &[5.0]), Verdict::DoesNotHold);
        assert_eq!(verdict_of(50, &[4.0], &[], &[5.0]), Verdict::NotOnThisMachine);
    }

    #[test]
    fn idle_connections_tell_nothing_of_it() {
        assert_eq!(verdict_of(5, &[4.0], &[5.0], &[5.0]), Verdict::NotOnThisMachine);
    }
}
