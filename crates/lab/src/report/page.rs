//! A report as a page: one file with its style and its pictures in it, that fetches nothing and runs
//! nothing.

mod figures;
mod outline;

use super::Report;
use super::plot::dark_style;
use crate::failure::Result;
use crate::measure::number::{duration, grouped};

const STYLE: &str = include_str!("page/page.css");

impl Report {
    /// The report as HTML; the numbers of every round are beside it in `NAME.json`.
    ///
    /// # Errors
    ///
    /// When a plot cannot be drawn.
    pub fn to_page(&self, name: &str) -> Result<String> {
        let title = escaped(&self.title);
        let dark = dark_style();
        let mut body = String::new();
        for (number, part) in self.parts.iter().enumerate() {
            body.push_str(&figures::part(part, number)?);
        }
        let (head, outline, foot) = (self.head(), outline::of(self), foot(name));
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <style>\n{STYLE}@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n</style>\n\
             </head>\n<body>\n{head}<div class=\"sheet\">\n{outline}<main>\n{body}</main>\n</div>\n\
             {foot}</body>\n</html>\n"
        ))
    }

    /// The title, and what one has to know of the run before one reads a figure.
    fn head(&self) -> String {
        let machine = &self.machine;
        let gigabytes = machine.memory_bytes as f64 / f64::from(1 << 30);
        let cores = if machine.cores == 1 { "core" } else { "cores" };
        let facts = [
            ("Machine", format!("{}, {} {cores}", machine.processor, machine.cores)),
            ("Memory", format!("{} GiB", grouped(gigabytes, 1))),
            ("Kernel", format!("Linux {}", machine.kernel)),
            ("larder", machine.larder.clone()),
            ("Measured", super::moment(self.began_unix)),
            ("Took", duration(self.lasted_seconds)),
        ];
        let facts = facts
            .map(|(name, fact)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(&fact)));
        format!(
            "<header>\n<h1>{}</h1>\n<pre class=\"command\"><code>{}</code></pre>\n\
             <dl class=\"facts\">\n{}</dl>\n</header>\n",
            escaped(&self.title),
            escaped(&self.command),
            facts.concat()
        )
    }
}

fn foot(name: &str) -> String {
    let file = escaped(&format!("{name}.json"));
    format!(
        "<footer>\n<p>A figure is the median of all rounds; the smaller one is the least and the most. \
         A whisker in a plot goes from the least to the most. The numbers of every round are in \
         <a href=\"{file}\">{file}</a>.</p>\n</footer>\n"
    )
}

/// What a link to a part of the report points at.
fn anchor(part: usize) -> String {
    format!("part-{part}")
}

/// As text that is no mark-up, in an element or in an attribute.
fn escaped(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '&' => quoted.push_str("&amp;"),
            '"' => quoted.push_str("&quot;"),
            '\'' => quoted.push_str("&#39;"),
            _ => quoted.push(letter),
        }
    }
    quoted
}
