//! select is best when most connections are active.

use larder_server::model::ModelName;

use super::comparison::{Order, times};
use super::{judgement, untold, verdict};
use crate::models::figures::Figures;
use crate::models::plan::Shape;
use crate::report::Claim;

const CLAIM: &str = "Of the pollers, select is best when most connections are active.";

pub(super) fn judge(figures: &Figures) -> Claim {
    let is_active = |shape: Shape| shape.active == shape.connections && shape.connections > 1;
    let rank = |shape: Shape| (is_active(shape) && shape.depth == 1).then_some(shape.connections);
    let pair = [ModelName::Select, ModelName::Epoll];
    let Some(shape) = figures.shape_of_all(&pair, rank) else {
        return untold(CLAIM, "select and epoll were not both measured with active connections.");
    };
    let cpu = |model| figures.load(model, shape, |load| load.cpu_us);
    let (Some(select), Some(epoll)) = (cpu(ModelName::Select), cpu(ModelName::Epoll)) else {
        return untold(CLAIM, "select and epoll were not both measured.");
    };
    let poll =
        cpu(ModelName::Poll).map_or(String::new(), |poll| format!(", {poll:.2} µs under poll"));
    let told = format!(
        "{shape}: a request takes {select:.2} µs of CPU time under select{poll} and {epoll:.2} µs under epoll; \
         select takes {}.",
        times(&select, &epoll)
    );
    judgement(CLAIM, told, verdict(Order::of(&select, &epoll) == Order::Less))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::loads_of_cpu;
    use crate::report::Verdict;

    fn verdict_of(active: usize, select: &[f64], epoll: &[f64]) -> Verdict {
        let shape = Shape { connections: 50, active, depth: 1 };
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Select).loads.insert(shape, loads_of_cpu(select));
        figures.of_mut(ModelName::Epoll).loads.insert(shape, loads_of_cpu(epoll));
        judge(&figures).verdict
    }

    #[test]
    fn it_holds_only_when_select_costs_less_in_every_round() {
        assert_eq!(verdict_of(50, &[4.0, 4.1], &[5.0, 5.1]), Verdict::Holds);
        assert_eq!(verdict_of(50, &[4.0, 5.2], &[5.0, 5.1]), Verdict::DoesNotHold);
        assert_eq!(verdict_of(50, &[5.0, 5.1], &[4.0, 4.1]), Verdict::DoesNotHold);
    }

    #[test]
    fn idle_connections_tell_nothing_of_it() {
        assert_eq!(verdict_of(5, &[4.0], &[5.0]), Verdict::NotOnThisMachine);
    }
}
