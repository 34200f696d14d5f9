//! What is said of switches, and what the figures say of it.

use std::cmp::Ordering;

use super::figures::Figures;
use super::grid::Grid;
use super::model::Model;
use super::point::{POINTS, PREEMPTION, Point, YIELD};
use crate::report::{Claim, Spread, Verdict};

/// All claims over what was measured with `parties`, from few to many.
pub(super) fn claims(grid: &Grid, parties: &[usize]) -> Vec<Claim> {
    let (Some(few), Some(many)) = (parties.first().copied(), parties.last().copied()) else {
        return Vec::new();
    };
    let view = View { grid, few, many };
    vec![
        view.tasks_are_cheaper(),
        view.tasks_need_no_kernel(),
        view.one_thread_is_cheaper(),
        view.another_core_costs_more(),
        view.more_threads_cost_more(),
        view.more_tasks_cost_the_same(),
        view.force_costs_more(),
    ]
}

/// A kernel switch in twenty switches of tasks is one of something else.
const FEW_KERNEL_SWITCHES: f64 = 0.05;

/// What still counts as "the same", since caches do not hold any number of tasks.
const SAME: f64 = 2.0;

struct View<'a> {
    grid: &'a Grid,
    few: usize,
    many: usize,
}

/// Ratios, each with what it is of.
type Ratios = Vec<(String, Spread)>;

impl View<'_> {
    fn tasks_are_cheaper(&self) -> Claim {
        let ratios = self.by_point(Model::ThreadsOnOneCore, Model::TasksOnOneThread);
        let evidence = Evidence::above(1.0, "threads on one core took, in times of N:1", ratios);
        judged("A switch between tasks is cheaper than one between threads.", &[evidence])
    }

    fn one_thread_is_cheaper(&self) -> Claim {
        let ratios = self.by_point(Model::Tasks, Model::TasksOnOneThread);
        let evidence = Evidence::above(1.0, "M:N took, in times of N:1", ratios);
        let claim = "A switch between tasks is cheaper on one thread (N:1) than on several (M:N).";
        judged(claim, &[evidence])
    }

    fn another_core_costs_more(&self) -> Claim {
        let ratios = self.by_point(Model::Threads, Model::ThreadsOnOneCore);
        let what = "threads on all cores took, in times of one core";
        let evidence = Evidence::above(1.0, what, ratios);
        judged("To wake a thread costs more when it may be on another core.", &[evidence])
    }

    fn tasks_need_no_kernel(&self) -> Claim {
        let switches = |figures: &Figures| Some(figures.waits + figures.preemptions);
        let of = |model| {
            let spreads = POINTS.iter().filter_map(move |point| {
                let spread = self.grid.spread(point, model, self.few, switches)?;
                Some((point.name.to_owned(), spread))
            });
            spreads.collect::<Ratios>()
        };
        let (threads, tasks) = (of(Model::ThreadsOnOneCore), of(Model::TasksOnOneThread));
        let of_tasks = "kernel switches for a switch, tasks";
        let evidence = [
            Evidence::below(FEW_KERNEL_SWITCHES, of_tasks, tasks),
            Evidence::above(0.5, "threads on one core", threads),
        ];
        let claim =
            "The kernel switches threads when threads switch, and does not when tasks do (N:1).";
        judged(claim, &evidence)
    }

    fn more_threads_cost_more(&self) -> Claim {
        let ratios = self.by_number(Model::ThreadsOnOneCore);
        let what = self.many_against_few("threads on one core");
        let evidence = Evidence::above(1.0, what, ratios);
        judged("A switch between threads costs more, the more there are.", &[evidence])
    }

    fn more_tasks_cost_the_same(&self) -> Claim {
        let ratios = self.by_number(Model::TasksOnOneThread);
        let what = self.many_against_few("tasks of one thread");
        let evidence = Evidence::below(SAME, what, ratios);
        let claim = "A switch between tasks costs about the same, however many there are.";
        judged(claim, &[evidence])
    }

    fn force_costs_more(&self) -> Claim {
        let ratio = |(name, model): (&str, Model)| {
            let forced = self.nanoseconds(&PREEMPTION, model, self.few)?;
            let offered = self.nanoseconds(&YIELD, model, self.few)?;
            Some((name.to_owned(), forced.ratio(&offered)?))
        };
        let models =
            [("threads on one core", Model::ThreadsOnOneCore), ("N:1", Model::TasksOnOneThread)];
        let ratios = models.into_iter().filter_map(ratio).collect();
        let evidence = Evidence::above(1.0, "forced took, in times of a yield", ratios);
        judged("To be made to give way costs more than to give way.", &[evidence])
    }

    fn many_against_few(&self, who: &str) -> String {
        format!("{} {who} took, in times of {}", self.many, self.few)
    }

    /// How much longer one model takes than another, at each point.
    fn by_point(&self, slower: Model, faster: Model) -> Ratios {
        let ratio = |point: &&'static Point| {
            let slower = self.nanoseconds(point, slower, self.few)?;
            Some((
                point.name.to_owned(),
                slower.ratio(&self.nanoseconds(point, faster, self.few)?)?,
            ))
        };
        POINTS.iter().filter_map(ratio).collect()
    }

    /// How much longer many take than few, at each point.
    fn by_number(&self, model: Model) -> Ratios {
        let ratio = |point: &&'static Point| {
            let many = self.nanoseconds(point, model, self.many)?;
            Some((point.name.to_owned(), many.ratio(&self.nanoseconds(point, model, self.few)?)?))
        };
        let comparable = POINTS.iter().filter(|_| self.many > self.few);
        comparable.filter_map(ratio).collect()
    }

    fn nanoseconds(&self, point: &Point, model: Model, parties: usize) -> Option<Spread> {
        self.grid.spread(point, model, parties, |figures| Some(figures.nanoseconds))
    }
}

/// Figures that bear on a claim, and where they have to lie for it.
struct Evidence {
    what: String,
    ratios: Ratios,
    bound: f64,
    side: Ordering,
}

impl Evidence {
    fn above(bound: f64, what: impl Into<String>, ratios: Ratios) -> Self {
        Self { what: what.into(), ratios, bound, side: Ordering::Greater }
    }

    fn below(bound: f64, what: impl Into<String>, ratios: Ratios) -> Self {
        Self { what: what.into(), ratios, bound, side: Ordering::Less }
    }

    /// Holds if every ratio lies there in every round; does not if one lies elsewhere in every round.
    fn verdict(&self) -> Verdict {
        let is_there = |ratio: f64| ratio.total_cmp(&self.bound) == self.side;
        let least_and_most = |spread: &Spread| [spread.least(), spread.most()].map(is_there);
        let found: Vec<_> = self.ratios.iter().map(|(_, it)| least_and_most(it)).collect();
        match found.as_slice() {
            [] => Verdict::NotOnThisMachine,
            found if found.contains(&[false; 2]) => Verdict::DoesNotHold,
            found if found.iter().all(|it| *it == [true; 2]) => Verdict::Holds,
            _ => Verdict::NotOnThisMachine,
        }
    }
}

/// The claim that all of the evidence bears out.
fn judged(claim: &str, evidence: &[Evidence]) -> Claim {
    let figures = evidence.iter().map(|it| told(&it.what, &it.ratios));
    let mut figures = figures.collect::<Vec<_>>().join("; ");
    let verdict = evidence.iter().map(Evidence::verdict).fold(Verdict::Holds, both);
    let is_measured = evidence.iter().all(|it| !it.ratios.is_empty());
    if verdict == Verdict::NotOnThisMachine && is_measured {
        figures.push_str("; the rounds disagree");
    }
    Claim { claim: claim.to_owned(), figures, verdict }
}

fn both(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::DoesNotHold, _) | (_, Verdict::DoesNotHold) => Verdict::DoesNotHold,
        (Verdict::Holds, other) => other,
        (one, _) => one,
    }
}

fn told(what: &str, ratios: &Ratios) -> String {
    let told = ratios.iter().map(|(name, ratio)| format!("{name} {ratio:.2}"));
    match ratios.is_empty() {
        true => format!("{what}: nothing to compare was measured"),
        false => format!("{what}: {}", told.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switches::grid::tests::made_up;

    fn is_task(model: Model) -> bool {
        matches!(model, Model::TasksOnOneThread | Model::Tasks)
    }

    fn verdicts(grid: &Grid, parties: &[usize]) -> Vec<Verdict> {
        claims(grid, parties).iter().map(|claim| claim.verdict).collect()
    }

    #[test]
    fn figures_as_the_textbooks_have_them_bear_every_claim_out() {
        let textbook = |point: &Point, model, parties: usize, _| {
            let base = match model {
                Model::ThreadsOnOneCore => 2_000.0,
                Model::Threads => 5_000.0,
                Model::TasksOnOneThread => 50.0,
                Model::Tasks => 100.0,
            };
            let forced = if point.name == PREEMPTION.name { 2.0 } else { 1.0 };
            base * forced * (1.0 + parties as f64 / 2_000.0)
        };
        let grid = made_up(&[2, 1_000], textbook, |_, model| f64::from(u8::from(!is_task(model))));
        assert_eq!(verdicts(&grid, &[2, 1_000]), [Verdict::Holds; 7]);
        let figures = &claims(&grid, &[2, 1_000])[4].figures;
        assert!(
            figures.starts_with("1000 threads on one core took, in times of 2: I/O 1.50"),
            "{figures}"
        );
    }

    #[test]
    fn a_single_point_contradicts_a_claim() {
        let slow_io = |point: &Point, model, _, _| match is_task(model) && point.name == "I/O" {
            true => 3_000.0,
            false if is_task(model) => 100.0,
            false => 2_000.0,
        };
        let grid = made_up(&[2], slow_io, |_, _| 1.0);
        let verdicts = verdicts(&grid, &[2]);
        assert_eq!(verdicts[0], Verdict::DoesNotHold);
        assert_eq!(verdicts[1], Verdict::DoesNotHold, "tasks that the kernel switches");
        assert!(claims(&grid, &[2])[0].figures.contains("I/O 0.67 (0.67 to 0.67)"));
    }

    #[test]
    fn rounds_that_disagree_tell_nothing() {
        let noisy = |_: &Point, model, _, round| match model {
            Model::ThreadsOnOneCore if round == 0 => 200.0,
            Model::ThreadsOnOneCore => 50.0,
            _ => 100.0,
        };
        let claim = &claims(&made_up(&[2], noisy, |_, _| 0.0), &[2])[0];
        assert_eq!(claim.verdict, Verdict::NotOnThisMachine);
        assert!(claim.figures.ends_with("; the rounds disagree"), "{}", claim.figures);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let claims = claims(&Grid::default(), &[2]);
        assert!(claims.iter().all(|claim| claim.verdict == Verdict::NotOnThisMachine));
        assert!(claims[0].figures.ends_with("nothing to compare was measured"));
        let one_number = made_up(&[2], |_, _, _, _| 1.0, |_, _| 0.0);
        assert_eq!(verdicts(&one_number, &[2])[4], Verdict::NotOnThisMachine);
    }
}
