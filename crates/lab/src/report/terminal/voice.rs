//! How loud something is said.

use console::Style;

#[derive(Clone, Copy)]
pub(super) enum Voice {
    Plain,
    Title,
    Strong,
    Soft,
    Good,
    Bad,
}

impl Voice {
    /// `text` in this voice; as it is, where there are no colours. What would steer the terminal is left out:
    /// some text comes from servers.
    pub(super) fn paint(self, text: &str, colour: bool) -> String {
        let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
        let style = match self {
            Self::Plain => return text,
            Self::Title => Style::new().bold().underlined(),
            Self::Strong => Style::new().bold(),
            Self::Soft => Style::new().dim(),
            Self::Good => Style::new().green(),
            Self::Bad => Style::new().red(),
        };
        style.force_styling(colour).apply_to(text).to_string()
    }
}
