//! A report on terminals of several widths.

use larder_lab::report::{Cell, Part, Report, Table};

use crate::sample;

/// The lines from the one that is `title` up to the next empty one.
fn below(shown: &str, title: &str) -> Vec<String> {
    let lines = shown.lines().skip_while(|line| *line != title).skip(1);
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn requests(width: usize) -> Vec<String> {
    below(&sample::report().to_terminal(width, false), "Requests a second, latency and CPU")
}

#[test]
fn on_a_wide_terminal_the_spread_stands_beside_the_median() {
    let lines = requests(120);
    assert_eq!(lines.len(), 2 + 1 + 4, "{lines:#?}");
    assert!(
        lines[3].starts_with("reactors   50            123,456 114,814–133,332 "),
        "{lines:#?}"
    );
    let ends = |text: &str| lines[4].find(text).unwrap() + text.len();
    assert_eq!(ends("172,838"), lines[3].find("123,456").unwrap() + 7, "{lines:#?}");
}

#[test]
fn on_a_narrower_one_it_stands_below() {
    let lines = requests(80);
    assert_eq!(lines.len(), 2 + 1 + 8, "{lines:#?}");
    assert!(lines[3].contains("123,456 ") && !lines[3].contains("114,814"), "{lines:#?}");
    assert!(lines[4].trim_start().starts_with("114,814–133,332 "), "{lines:#?}");
}

#[test]
fn on_a_narrow_one_each_row_is_a_section() {
    let lines = requests(50);
    assert_eq!(
        lines[..3],
        [
            "reactors · connections: 50",
            "  requests/s          123,456 114,814–133,332",
            "  p50, us             75.2 70.0–81.3"
        ]
    );
}

#[test]
fn on_the_narrowest_a_figure_stands_below_its_name() {
    assert_eq!(requests(1)[1..3], ["  requests/s", "    123,456 114,814–133,332"]);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let report = sample::report();
    let plain = report
        .parts
        .iter()
        .take_while(|part| !matches!(part, Part::Heading(text) if text == sample::HOSTILE));
    let report = Report { parts: plain.cloned().collect(), ..report.clone() };
    for width in 50..150 {
        let shown = report.to_terminal(width, false);
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} of {width}:\n{shown}");
    }
}

#[test]
fn every_claim_has_its_verdict_in_words() {
    let shown = sample::report().to_terminal(100, false);
    let lines = below(&shown, "holds: 1, does not hold: 1, not on this machine: 1");
    assert_eq!(
        lines,
        [
            "  holds                select stops at 1024",
            "                       refused connection 1,021",
            "  does not hold        epoll shares memory with the kernel",
            "                       each wait copies",
            "  not on this machine  a ring needs few system calls",
            "                       the kernel refuses",
        ]
    );
}

#[test]
fn colours_are_added_to_the_same_text() {
    let report = sample::report();
    let coloured = report.to_terminal(100, true);
    assert!(coloured.contains("\u{1b}[32m  holds"), "{coloured}");
    let uncoloured = console::strip_ansi_codes(&coloured);
    let lines = uncoloured.lines().map(str::trim_end).collect::<Vec<_>>();
    assert_eq!(lines, report.to_terminal(100, false).lines().collect::<Vec<_>>());
}

#[test]
fn text_cannot_steer_the_terminal() {
    let cell = Cell::Absent("red \u{1b}[31m bell \u{7}".to_owned());
    let table =
        Table { title: "t".to_owned(), columns: vec!["c".to_owned()], rows: vec![vec![cell]] };
    let report = Report { parts: vec![Part::Table(table)], ..sample::report() };
    for width in [40, 100] {
        let shown = report.to_terminal(width, false);
        assert!(shown.chars().all(|letter| letter == '\n' || !letter.is_control()), "{shown:?}");
    }
}

#[test]
fn a_plot_is_named_and_left_to_the_page() {
    let shown = sample::report().to_terminal(100, false);
    assert!(shown.contains("\nHit ratio (a plot, on the page)\n"), "{shown}");
}
