//! Many stories, and the smallest that breaks a promise.

use std::fmt;
use std::ops::Range;

use crate::plan::Plan;
use crate::promise::Broken;
use crate::story::play;
use crate::way::Way;

/// Lines of a timeline that are shown.
const LINES_MAX: usize = 400;

/// What many stories came to.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Stories that were played.
    pub stories: u64,
    /// Calls that clients made in them.
    pub calls: u64,
}

/// A story that breaks a promise.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The plan of its seed.
    pub plan: Plan,
    /// The smallest plan found that breaks a promise too.
    pub smallest: Plan,
    /// What the smallest breaks.
    pub broken: Broken,
    /// What happens in the smallest.
    pub timeline: Vec<String>,
    /// The deliberate defect that is the reason, if there is one.
    pub defect: Option<String>,
}

/// Plays the stories of `seeds` in these ways until one breaks a promise.
pub fn run(ways: &[Way], seeds: Range<u64>) -> Result<Tally, Box<Finding>> {
    let mut tally = Tally::default();
    for seed in seeds {
        for way in ways {
            let plan = Plan::of(seed, *way);
            let ended = play(&plan, false);
            if let Err(broken) = ended.verdict {
                return Err(Box::new(examine(plan, broken)));
            }
            tally.stories += 1;
            tally.calls += ended.calls as u64;
        }
    }
    Ok(tally)
}

/// Looks for the smallest plan that breaks a promise, and for its timeline.
pub fn examine(plan: Plan, broken: Broken) -> Finding {
    let (mut smallest, mut broken) = (plan.clone(), broken);
    while let Some((smaller, breaks)) = smallest.smaller().into_iter().find_map(|smaller| {
        let breaks = play(&smaller, false).verdict.err()?;
        Some((smaller, breaks))
    }) {
        (smallest, broken) = (smaller, breaks);
    }
    let timeline = play(&smallest, true).timeline;
    Finding { plan, smallest, broken, timeline, defect: None }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = self.timeline.len().saturating_sub(LINES_MAX);
        if left_out > 0 {
            writeln!(f, "({left_out} earlier lines are left out)")?;
        }
        self.timeline.iter().skip(left_out).try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(f, "\nbroken: {}", self.broken)?;
        writeln!(f, "the smallest plan: {:?}", self.smallest)?;
        let (seed, way) = (self.plan.seed, self.plan.way);
        write!(f, "play it again: cargo xtask simulate --first {seed} --seeds 1 --strategy {way}")?;
        match &self.defect {
            Some(defect) => write!(f, " --mutation {defect}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} stories, {} calls, no promise broken", self.stories, self.calls)
    }
}
