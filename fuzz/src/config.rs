//! Target: any text as a configuration.
//!
//! It is accepted or it is reported on, and then every problem can be shown. What is accepted is
//! accepted again, holds together, and stays what it is when the command line says the same.

use std::collections::BTreeSet;

use larder_server::config::{Config, ConfigText, Overrides, Report};

/// Reads one text.
pub fn run(input: &[u8]) {
    // A file that is not UTF-8 is refused before it is a text.
    let Ok(text) = std::str::from_utf8(input) else { return };
    let text = ConfigText::new("larder.toml", text);
    match text.parse(&Overrides::default()) {
        Ok(config) => check_config(&text, &config),
        Err(report) => check_report(&text, input.len(), &report),
    }
}

fn check_config(text: &ConfigText, config: &Config) {
    let said = Overrides {
        data: Some(config.data.clone()),
        model: Some(config.model.to_string()),
        ..Overrides::default()
    };
    for overrides in [Overrides::default(), said] {
        let again = text.parse(&overrides);
        assert_eq!(format!("{again:?}"), format!("Ok({config:?})"), "read otherwise again");
    }
    let mut prefixes = BTreeSet::new();
    for keyspace in &config.keyspaces {
        let prefix = keyspace.prefix.get_ref();
        assert!(!prefix.is_empty() && prefixes.insert(prefix), "a prefix that is no one's own");
        assert!(config.source(keyspace.source.get_ref()).is_some(), "a source that is not there");
    }
}

fn check_report(text: &ConfigText, length: usize, report: &Report) {
    assert!(!report.is_empty(), "refused without a reason");
    for problem in report.problems() {
        assert!(!problem.message().is_empty(), "a problem without a sentence");
        let span = problem.span().unwrap_or(0..0);
        assert!(span.start <= span.end && span.end <= length, "{span:?} of {length} bytes");
    }
    let shown = text.render(report);
    assert!(shown.ends_with('\n'), "a report that does not end: {shown:?}");
    let again = text.parse(&Overrides::default());
    assert_eq!(format!("{again:?}"), format!("Err({report:?})"), "reported otherwise again");
}
