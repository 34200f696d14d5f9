//! Stories as mermaid sequence diagrams, in Markdown.

use std::fmt::{self, Write};

use larder::trace::Participant;

use super::story::{Direction, Story, direction, label};

/// A heading, the promise, and a diagram in a fence. It has no times, so that the same story is the
/// same text.
pub(super) fn draw(story: &Story) -> String {
    let mut text = format!("## {}\n\n**Promise:** {}\n\n```mermaid\n", story.name, story.promise);
    // Writing to a string never fails.
    write_diagram(&mut text, story).ok();
    text.push_str("```\n");
    text
}

fn write_diagram(text: &mut String, story: &Story) -> fmt::Result {
    let cast = story.cast();
    let (first, last) = (cast.first(), cast.last());
    let whole = |part: Option<&Participant>| part.map_or("App", |part| part.name());
    let (first, last) = (whole(first), whole(last));
    writeln!(text, "sequenceDiagram")?;
    for part in &cast {
        writeln!(text, "    participant {part}")?;
    }
    for (step, number) in story.steps.iter().zip(1..) {
        writeln!(text, "    Note over {first},{last}: {number}. {}", escaped(&step.title))?;
        for message in &step.messages {
            let arrow = match direction(message) {
                Direction::Ahead | Direction::Within => "->>",
                Direction::Back => "-->>",
            };
            let (from, to) = (message.from, message.to);
            writeln!(text, "    {from}{arrow}{to}: {}", escaped(&label(message)))?;
        }
        for finding in &step.findings {
            writeln!(text, "    Note over {}: {}", finding.about, escaped(&finding.text))?;
        }
    }
    Ok(())
}

/// `text` without what mermaid takes for the end of a label, an entity or a tag.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '#' => safe.push_str("#35;"),
            ';' => safe.push_str("#59;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_where_its_line_does() {
        assert_eq!(escaped("a;b #1\nc <d>"), "a#59;b #35;1 c #lt;d#gt;");
    }
}
