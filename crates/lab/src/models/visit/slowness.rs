//! Models that take too long with the largest number of connections: what is measured of them there is cut
//! down, so that a run ends in time.

use std::time::Duration;

use super::Visit;
use crate::measure::number::duration;
use crate::models::figures::OfModel;
use crate::models::plan::Shape;

/// Connections that take longer to open, and loads that take longer, are too slow.
const PATIENCE: Duration = Duration::from_secs(10);

/// Fewer requests a second are too slow: one takes ten milliseconds or more.
const PER_SECOND_MIN: f64 = 100.0;

impl Visit<'_> {
    /// Whether so many connections have been found to take too long, in this round or an earlier one.
    pub(super) fn is_slow(&self, connections: usize) -> bool {
        self.figures.of(self.model).slow.contains_key(&connections)
    }

    /// So many connections were opened in that time.
    pub(super) fn opened(&mut self, connections: usize, elapsed: Duration) {
        self.note(connections, of_opening(elapsed));
    }

    /// A load took so long, the opening of its connections included.
    pub(super) fn loaded_in(&mut self, shape: Shape, elapsed: Duration) {
        let reason = of_load(self.figures.of(self.model), self.round, shape, elapsed);
        self.note(shape.connections, reason);
    }

    /// Fewer connections than the most are never cut down: there the comparison needs every round.
    fn note(&mut self, connections: usize, reason: Option<String>) {
        if self.plan.connections().first() == Some(&connections)
            && let Some(reason) = reason
        {
            let slow = &mut self.figures.of_mut(self.model).slow;
            slow.entry(connections).or_insert(reason);
        }
    }
}

fn of_opening(elapsed: Duration) -> Option<String> {
    (elapsed > PATIENCE).then(|| format!("opened in {}", duration(elapsed.as_secs_f64())))
}

fn of_load(of_model: &OfModel, round: usize, shape: Shape, elapsed: Duration) -> Option<String> {
    if elapsed > PATIENCE {
        return Some(format!("a load on which took {}", duration(elapsed.as_secs_f64())));
    }
    let load = of_model.loads.get(&shape)?.get(&round)?;
    (load.per_second < PER_SECOND_MIN)
        .then(|| format!("which served {:.0} requests a second", load.per_second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::loads_of_rate;

    const SHAPE: Shape = Shape { connections: 19_800, active: 198, depth: 1 };

    #[test]
    fn a_long_opening_is_slow() {
        assert_eq!(of_opening(PATIENCE), None);
        assert_eq!(of_opening(Duration::from_secs(14)).unwrap(), "opened in 14 s");
    }

    #[test]
    fn a_load_is_slow_when_it_takes_long_or_serves_next_to_nothing() {
        let of_rate = |rate, elapsed| {
            let mut of_model = OfModel::default();
            of_model.loads.insert(SHAPE, loads_of_rate(&[rate]));
            of_load(&of_model, 0, SHAPE, elapsed)
        };
        assert_eq!(of_rate(5_000.0, PATIENCE), None);
        assert_eq!(of_rate(40.0, PATIENCE).unwrap(), "which served 40 requests a second");
        let long = Duration::from_secs(75);
        assert_eq!(of_rate(5_000.0, long).unwrap(), "a load on which took 1 min 15 s");
        assert_eq!(of_load(&OfModel::default(), 0, SHAPE, PATIENCE), None, "it failed");
    }
}
