//! What was measured of every point, model and number of parties.

use std::time::{Duration, Instant};

use super::figures::Figures;
use super::model::Model;
use super::point::{Contest, POINTS, Point};
use crate::failure::Result;
use crate::interruption;
use crate::progress::Progress;
use crate::report::Spread;

/// What is measured, and for how long.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// How many parties there are, from few to many.
    pub(super) parties: Vec<usize>,
    pub(super) rounds: usize,
    /// About how long each measurement takes.
    pub(super) lasting: Duration,
    /// When no round begins any more that would not end in time.
    pub(super) until: Option<Instant>,
}

impl Plan {
    /// How many steps of progress it has.
    pub(super) fn steps(&self) -> usize {
        self.cells().len() * (self.rounds + 1)
    }

    fn cells(&self) -> Vec<Cell> {
        let models = |point| Model::ALL.into_iter().map(move |model| (point, model));
        let sensible = POINTS.into_iter().flat_map(models);
        let sensible = sensible.filter(|(point, model)| model.pointless(point).is_none());
        let cells = sensible.flat_map(|(point, model)| {
            self.parties.iter().map(move |parties| Cell::new(point, model, *parties))
        });
        cells.collect()
    }
}

/// All that was measured.
#[derive(Default)]
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
}

/// What was measured of one point with one model and so many parties.
pub(super) struct Cell {
    pub(super) point: &'static Point,
    pub(super) model: Model,
    pub(super) parties: usize,
    pub(super) rounds: Vec<Figures>,
    /// Why it could not be measured.
    pub(super) refused: Option<String>,
}

impl Grid {
    /// Measures every cell in each round, so that what the machine does meanwhile hits all alike. One round
    /// is measured however long it takes.
    ///
    /// # Errors
    ///
    /// When the run is broken off.
    pub(super) fn measure(plan: &Plan, progress: &Progress) -> Result<Self> {
        let mut grid = Self { cells: plan.cells() };
        let mut switches = vec![0; grid.cells.len()];
        let mut longest = Duration::ZERO;
        for round in 0..=plan.rounds {
            let begun = Instant::now();
            if round > 1 && plan.until.is_some_and(|until| begun + longest > until) {
                break;
            }
            for (cell, switches) in grid.cells.iter_mut().zip(&mut switches) {
                interruption::check()?;
                progress.now(cell.name());
                match round {
                    0 => *switches = cell.settle(plan.lasting),
                    _ => cell.measure(*switches),
                }
                progress.step();
            }
            longest = longest.max(begun.elapsed());
        }
        Ok(grid)
    }

    /// A figure of a cell, over the rounds.
    pub(super) fn spread(
        &self,
        point: &Point,
        model: Model,
        parties: usize,
        figure: impl Fn(&Figures) -> Option<f64>,
    ) -> Option<Spread> {
        let is_it = |cell: &&Cell| {
            cell.point.name == point.name && cell.model == model && cell.parties == parties
        };
        self.cells.iter().find(is_it)?.spread(figure)
    }
}

impl Cell {
    fn new(point: &'static Point, model: Model, parties: usize) -> Self {
        Self { point, model, parties, rounds: Vec::new(), refused: None }
    }

    fn name(&self) -> String {
        format!("{}, {}, {} parties", self.point.name, self.model.name(), self.parties)
    }

    /// A figure over the rounds.
    pub(super) fn spread(&self, figure: impl Fn(&Figures) -> Option<f64>) -> Option<Spread> {
        let rounds = self.rounds.iter().enumerate();
        Spread::of_rounds(rounds.filter_map(|(round, figures)| Some((round, figure(figures)?))))
    }

    /// Finds how many switches take about as long as asked for.
    fn settle(&mut self, lasting: Duration) -> u64 {
        let lasting = lasting.as_secs_f64();
        let mut switches = SWITCHES_LEAST;
        while let Some(figures) = self.run(switches) {
            if figures.seconds >= lasting / 8.0 {
                let fitting = switches as f64 * lasting / figures.seconds;
                return (fitting as u64).max(SWITCHES_LEAST);
            }
            switches *= 4;
        }
        0
    }

    fn measure(&mut self, switches: u64) {
        let figures = self.run(switches);
        self.rounds.extend(figures);
    }

    /// Runs it once, unless it could not be run before.
    fn run(&mut self, switches: u64) -> Option<Figures> {
        if self.refused.is_some() {
            return None;
        }
        let contest = Contest { parties: self.parties, switches };
        self.take(self.model.run(self.point, contest))
    }

    fn take(&mut self, outcome: Result<Figures>) -> Option<Figures> {
        outcome.map_err(|failure| self.refused = Some(failure.to_string())).ok()
    }
}

/// Fewer would measure the begin and the end.
const SWITCHES_LEAST: u64 = 8;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::failure::Failure;

    /// A grid in which a switch takes as long as `nanoseconds` says, and `switches` of the kernel.
    pub(in crate::switches) fn made_up(
        parties: &[usize],
        nanoseconds: impl Fn(&Point, Model, usize, usize) -> f64,
        switches: impl Fn(&Point, Model) -> f64,
    ) -> Grid {
        let plan =
            Plan { parties: parties.to_vec(), rounds: 3, lasting: Duration::ZERO, until: None };
        let mut cells = plan.cells();
        for cell in &mut cells {
            let figures = |round| Figures {
                nanoseconds: nanoseconds(cell.point, cell.model, cell.parties, round),
                cpu_nanoseconds: None,
                waits: switches(cell.point, cell.model),
                preemptions: 0.0,
                percent_across_threads: None,
                seconds: 1.0,
            };
            cell.rounds = (0..3).map(figures).collect();
        }
        Grid { cells }
    }

    #[test]
    fn each_cell_is_measured_once_a_round() {
        let lasting = Duration::from_micros(100);
        let plan = Plan { parties: vec![2, 3], rounds: 2, lasting, until: None };
        let grid = Grid::measure(&plan, &Progress::new(plan.steps())).unwrap();
        assert_eq!(grid.cells.len(), (5 * 4 - 2) * 2);
        assert_eq!(plan.steps(), grid.cells.len() * 3);
        assert!(grid.cells.iter().all(|cell| cell.rounds.len() == 2 && cell.refused.is_none()));
    }

    #[test]
    fn no_round_after_the_first_begins_when_the_time_is_over() {
        let (lasting, until) = (Duration::from_micros(10), Some(Instant::now()));
        let plan = Plan { parties: vec![2], rounds: 3, lasting, until };
        let grid = Grid::measure(&plan, &Progress::new(plan.steps())).unwrap();
        assert!(grid.cells.iter().all(|cell| cell.rounds.len() == 1));
    }

    #[test]
    fn what_cannot_be_run_is_not_tried_again() {
        let mut cell = Cell::new(POINTS[0], Model::Threads, 2);
        assert!(cell.take(Err(Failure::run("too many sockets"))).is_none());
        assert_eq!(cell.settle(Duration::from_secs(60)), 0);
        cell.measure(8);
        assert!(cell.rounds.is_empty());
        assert_eq!(cell.refused.as_deref(), Some("too many sockets"));
    }
}
