//! The page as text. How it looks in a browser is in `drawn.rs`.

use larder_lab::report::{Part, Report, Scale};

use crate::sample;

fn page() -> String {
    sample::report().to_page("models").unwrap()
}

#[test]
fn the_machine_the_command_the_date_and_the_duration_come_first() {
    let page = page();
    let head = page.split("</header>").next().unwrap();
    for fact in [
        "<h1>What each model costs</h1>",
        "<code>larder lab models --rounds 3 --connections 50,1000</code>",
        "Example processor at 3.0 GHz, 2 cores",
        "8.0 GiB",
        "Linux 6.1.0",
        "23 November 2026, 11:06 UTC",
        "12 min 34 s",
    ] {
        assert!(head.contains(fact), "{fact}\n{head}");
    }
}

#[test]
fn no_text_becomes_mark_up() {
    let page = page();
    assert!(!page.contains("<script"), "a title is an element");
    let title =
        "&lt;script&gt;console.error(&#39;run&#39;)&lt;/script&gt; &amp; &quot;quoted&quot;";
    assert!(page.contains(title));
    assert!(page.contains(&format!("aria-label=\"{title}")));
}

#[test]
fn nothing_of_it_is_elsewhere() {
    let page = page();
    for sign in ["http:", "https:", "src=", "url(", "@import", "<link", "//"] {
        assert!(!page.contains(sign), "{sign}");
    }
}

#[test]
fn the_contents_link_to_every_section_and_what_is_in_it() {
    let page = page();
    let links = page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    let links: Vec<_> = links.collect();
    assert_eq!(links.len(), 4 + 9, "{links:?}");
    assert!(links.iter().all(|link| page.contains(&format!(" id=\"{link}\""))), "{links:?}");
}

#[test]
fn a_report_without_sections_has_no_contents() {
    let report = Report { parts: vec![Part::Text("short".to_owned())], ..sample::report() };
    assert!(!report.to_page("short").unwrap().contains("<nav"));
}

#[test]
fn a_figure_tells_all_its_rounds() {
    let figure = "<td class=\"figure\" title=\"rounds: 114,814 · 123,456 · 133,332\">123,456<small>\
                  114,814–133,332</small></td>";
    assert!(page().contains(figure));
}

#[test]
fn verdicts_are_told_by_words_not_by_colour_alone() {
    let page = page();
    for verdict in ["holds", "does not hold", "not on this machine"] {
        assert!(page.contains(&format!("\">{verdict}</span>")), "{verdict}");
    }
}

#[test]
fn a_plot_says_what_it_shows_to_those_who_do_not_see_it() {
    let page = page();
    let description =
        "requests/s over model. depth 1: 900 to 3.6k; depth 16: 3.6k to 14.4k.</desc>";
    assert!(page.contains(description));
}

#[test]
fn what_has_no_place_among_powers_of_ten_is_counted() {
    let page = page();
    assert!(page.contains("Not drawn: 11 at zero"));
    assert!(page.contains("Not drawn: 3 at zero"));
    assert_eq!(page.matches("Not drawn").count(), 2);
}

#[test]
fn plots_of_nothing_and_of_one_point_have_axes_all_the_same() {
    let mut report = sample::report();
    for part in &mut report.parts {
        let Part::Plot(plot) = part else { continue };
        plot.series.truncate(1);
        plot.series.iter_mut().for_each(|series| series.points.truncate(1));
        if plot.x.scale == Scale::Linear {
            plot.series.clear();
        }
    }
    let page = report.to_page("few").unwrap();
    assert_eq!(page.matches("<svg role=\"img\"").count(), 6);
    assert!(!page.contains("NaN") && !page.contains("inf,"), "a place is no number");
}

#[test]
fn rows_about_one_thing_are_set_apart_from_the_next() {
    let page = page();
    let group = "<tr class=\"group\"><th scope=\"row\">select</th><td>50</td>";
    assert!(page.contains(group));
    assert_eq!(page.matches("<tr class=\"group\">").count(), 1);
}
