//! A report on a terminal. Plots are named, and left to the page.

mod grid;
mod table;
mod voice;
mod wrap;

use super::{Claim, Part, Report, Verdict};
use crate::measure::number::duration;
use voice::Voice;
use wrap::wrapped;

/// Text in lines longer than this is hard to follow.
const PROSE_WIDTH_MAX: usize = 100;
/// The narrowest terminal that is looked after.
const WIDTH_MIN: usize = 40;
/// Where what follows a verdict begins.
const CLAIM_INDENT: usize = 23;

impl Report {
    /// The report for a terminal of that width, with or without colours.
    pub fn to_terminal(&self, width: usize, colour: bool) -> String {
        let mut screen = Screen { width: width.max(WIDTH_MIN), colour, text: String::new() };
        screen.head(self);
        for part in &self.parts {
            screen.part(part);
        }
        screen.text
    }
}

struct Screen {
    width: usize,
    colour: bool,
    text: String,
}

impl Screen {
    fn head(&mut self, report: &Report) {
        let machine = &report.machine;
        self.line(Voice::Title, &report.title);
        let facts = format!(
            "{}, {} cores, Linux {}; larder {}; {}, took {}",
            machine.processor,
            machine.cores,
            machine.kernel,
            machine.larder,
            super::moment(report.began_unix),
            duration(report.lasted_seconds)
        );
        self.prose(Voice::Soft, &facts);
        self.prose(Voice::Soft, &report.command);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Heading(text) => {
                self.text.push('\n');
                self.line(Voice::Title, text);
            }
            Part::Text(text) => {
                self.text.push('\n');
                self.prose(Voice::Plain, text);
            }
            Part::Table(table) => {
                self.text.push('\n');
                self.line(Voice::Strong, &table.title);
                self.text.push_str(&table::shown(table, self.width, self.colour));
            }
            Part::Plot(plot) => {
                self.text.push('\n');
                self.line(Voice::Soft, &format!("{} (a plot, on the page)", plot.title));
            }
            Part::Claims(claims) => {
                self.text.push('\n');
                self.line(Voice::Strong, &Verdict::summary(claims));
                claims.iter().for_each(|claim| self.claim(claim));
            }
        }
    }

    /// The verdict, the claim beside it, and its figures below.
    fn claim(&mut self, claim: &Claim) {
        let verdict = claim.verdict.to_string();
        let voice = match claim.verdict {
            Verdict::Holds => Voice::Good,
            Verdict::DoesNotHold => Voice::Bad,
            Verdict::NotOnThisMachine => Voice::Soft,
        };
        let width = self.prose_width() - CLAIM_INDENT;
        let claimed = wrapped(&claim.claim, width).into_iter().map(|line| (Voice::Strong, line));
        let figures = wrapped(&claim.figures, width).into_iter().map(|line| (Voice::Soft, line));
        let mut left =
            voice.paint(&format!("  {verdict:width$}", width = CLAIM_INDENT - 2), self.colour);
        for (voice, line) in claimed.chain(figures) {
            self.text.push_str(&left);
            self.line(voice, &line);
            left = " ".repeat(CLAIM_INDENT);
        }
    }

    fn prose(&mut self, voice: Voice, text: &str) {
        for line in wrapped(text, self.prose_width()) {
            self.line(voice, &line);
        }
    }

    fn prose_width(&self) -> usize {
        self.width.min(PROSE_WIDTH_MAX)
    }

    fn line(&mut self, voice: Voice, text: &str) {
        self.text.push_str(&voice.paint(text, self.colour));
        self.text.push('\n');
    }
}
