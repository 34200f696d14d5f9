//! The threading models that are compared.

use tokio::runtime::Builder;

use super::crew;
use super::figures::Figures;
use super::point::{Contest, Point};
use crate::failure::{Failure, Result};

/// Who runs the parties of a contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// A kernel thread each, all on one core.
    ThreadsOnOneCore,
    /// A kernel thread each, on whichever core is free.
    Threads,
    /// A task each, on one thread, which keeps to one core.
    TasksOnOneThread,
    /// A task each, on a thread for each core.
    Tasks,
}

impl Model {
    /// All of them.
    pub(super) const ALL: [Self; 4] =
        [Self::ThreadsOnOneCore, Self::Threads, Self::TasksOnOneThread, Self::Tasks];

    /// What it is called in a report.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ThreadsOnOneCore => "threads 1:1, one core",
            Self::Threads => "threads 1:1, all cores",
            Self::TasksOnOneThread => "tasks N:1",
            Self::Tasks => "tasks M:N",
        }
    }

    /// Runs a contest at `point`, in threads that end with it.
    pub(super) fn run(self, point: &Point, contest: Contest) -> Result<Figures> {
        match self {
            Self::ThreadsOnOneCore => crew::on_one_core(|| (point.threads)(contest)),
            Self::Threads => (point.threads)(contest),
            Self::TasksOnOneThread => {
                crew::on_one_core(|| in_runtime(&mut Builder::new_current_thread(), point, contest))
            }
            Self::Tasks => in_runtime(&mut Builder::new_multi_thread(), point, contest),
        }
    }

    /// Why a contest at `point` would measure nothing.
    pub(super) fn pointless(self, point: &Point) -> Option<&'static str> {
        (self == Self::Threads && point.threads_share_a_core).then_some("need not switch")
    }
}

fn in_runtime(builder: &mut Builder, point: &Point, contest: Contest) -> Result<Figures> {
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("a runtime for tasks", error))?;
    (point.tasks)(contest, &runtime)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switches::point::POINTS;

    #[test]
    fn every_model_measures_something_at_every_point() {
        for point in POINTS {
            for model in Model::ALL.iter().filter(|model| model.pointless(point).is_none()) {
                for parties in [2, 5] {
                    let figures = model.run(point, Contest { parties, switches: 20 }).unwrap();
                    assert!(is_sound(&figures), "{} {model:?} {parties}: {figures:?}", point.name);
                }
            }
        }
    }

    fn is_sound(figures: &Figures) -> bool {
        let times = [Some(figures.nanoseconds), figures.cpu_nanoseconds, Some(figures.seconds)];
        let counts = [figures.waits, figures.preemptions];
        let percent = figures.percent_across_threads.unwrap_or(0.0);
        times.iter().flatten().all(|time| time.is_finite() && *time >= 0.0)
            && figures.seconds > 0.0
            && counts.iter().all(|count| count.is_finite())
            && (0.0..=100.0).contains(&percent)
    }
}
