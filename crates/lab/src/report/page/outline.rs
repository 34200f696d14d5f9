//! The table of contents.

use super::{anchor, escaped};
use crate::report::{Part, Report, Verdict};

/// Links to every section and what is in it; nothing for a report without sections.
pub(super) fn of(report: &Report) -> String {
    let sections = sections(report);
    if sections.is_empty() {
        return String::new();
    }
    let items: String = sections.iter().map(Section::item).collect();
    format!("<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ol>\n{items}</ol>\n</nav>\n")
}

struct Section<'a> {
    heading: (usize, &'a str),
    parts: Vec<(usize, String)>,
}

fn sections(report: &Report) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (number, part) in report.parts.iter().enumerate() {
        let title = match part {
            Part::Heading(text) => {
                sections.push(Section { heading: (number, text), parts: Vec::new() });
                continue;
            }
            Part::Table(table) => table.title.clone(),
            Part::Plot(plot) => plot.title.clone(),
            Part::Claims(claims) => Verdict::summary(claims),
            Part::Text(_) => continue,
        };
        if let Some(section) = sections.last_mut() {
            section.parts.push((number, title));
        }
    }
    sections
}

impl Section<'_> {
    fn item(&self) -> String {
        let (number, heading) = self.heading;
        let parts =
            self.parts.iter().map(|(number, title)| format!("<li>{}</li>\n", link(*number, title)));
        let parts: String = parts.collect();
        let parts = if parts.is_empty() { parts } else { format!("\n<ul>\n{parts}</ul>\n") };
        format!("<li>{}{parts}</li>\n", link(number, heading))
    }
}

fn link(part: usize, title: &str) -> String {
    format!("<a href=\"#{}\">{}</a>", anchor(part), escaped(title))
}
