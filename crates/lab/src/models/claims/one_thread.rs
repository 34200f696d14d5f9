//! One thread with multiplexing is simple and safe.

use larder_server::model::ModelName;

use super::comparison::{Finding, NOT_MORE, times};
use super::untold;
use crate::models::figures::Figures;
use crate::models::plan::Shape;
use crate::report::Claim;

const CLAIM: &str = "One thread with multiplexing is simple and safe (as in Redis), and pays for no locks and switches.";

pub(super) fn judge(figures: &Figures) -> Claim {
    let is_active = |shape: Shape| shape.active == shape.connections && shape.active > 1;
    let rank = |shape: Shape| is_active(shape).then_some((usize::MAX - shape.depth, shape.active));
    let pair = [ModelName::Epoll, ModelName::Reactors];
    let Some(shape) = figures.shape_of_all(&pair, rank) else {
        return untold(CLAIM, "epoll and reactors were not both measured with active connections.");
    };
    let cpu = |model| figures.load(model, shape, |load| load.cpu_us);
    let (Some(one), Some(several)) = (cpu(ModelName::Epoll), cpu(ModelName::Reactors)) else {
        return untold(CLAIM, "epoll and reactors were not both measured.");
    };
    let told = format!(
        "That it is simple and safe no figure tells. {shape}: a request takes {one:.2} µs of CPU time in one \
         loop (epoll) and {several:.2} µs in one a core (reactors); the one takes {}.",
        times(&one, &several)
    );
    Finding::of(&one, &several, NOT_MORE).judged(CLAIM, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::loads_of_cpu;
    use crate::report::Verdict;

    #[test]
    fn it_holds_unless_a_request_costs_more_in_one_loop() {
        let verdict_of = |one: &[f64], several: &[f64]| {
            let shape = Shape { connections: 50, active: 50, depth: 1 };
            let mut figures = Figures::default();
            figures.of_mut(ModelName::Epoll).loads.insert(shape, loads_of_cpu(one));
            figures.of_mut(ModelName::Reactors).loads.insert(shape, loads_of_cpu(several));
            judge(&figures).verdict
        };
        assert_eq!(verdict_of(&[4.0, 4.1], &[5.0, 5.1]), Verdict::Holds);
        assert_eq!(verdict_of(&[4.0, 5.2], &[5.0, 5.1]), Verdict::Holds);
        assert_eq!(verdict_of(&[4.9, 5.6], &[5.0, 5.0]), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(&[5.0, 5.5], &[4.0, 4.1]), Verdict::DoesNotHold);
        assert_eq!(verdict_of(&[], &[4.0]), Verdict::NotOnThisMachine);
    }
}
