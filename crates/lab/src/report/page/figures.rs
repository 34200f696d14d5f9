//! The parts of a report as elements of the page.

use super::{anchor, escaped};
use crate::failure::Result;
use crate::measure::number::grouped;
use crate::report::plot::{Paint, left_out, picture};
use crate::report::{Cell, Claim, Part, Plot, Scale, Table, Verdict};

/// Tables with more columns are set smaller.
const COLUMNS_ROOMY_MAX: usize = 7;

/// The part with that number.
pub(super) fn part(part: &Part, number: usize) -> Result<String> {
    let id = anchor(number);
    Ok(match part {
        Part::Heading(text) => format!("<h2 id=\"{id}\">{}</h2>\n", escaped(text)),
        Part::Text(text) => format!("<p>{}</p>\n", escaped(text)),
        Part::Table(table) => table_shown(table, &id),
        Part::Plot(plot) => plot_shown(plot, &id)?,
        Part::Claims(claims) => claims_shown(claims, &id),
    })
}

fn table_shown(table: &Table, id: &str) -> String {
    let head = (0..table.columns.len()).map(|column| {
        let class = if table.is_of_figures(column) { " class=\"figure\"" } else { "" };
        format!("<th scope=\"col\"{class}>{}</th>", escaped(&table.columns[column]))
    });
    let head: String = head.collect();
    let rows: String = (0..table.rows.len()).map(|at| row(table, at)).collect();
    let class = if table.columns.len() > COLUMNS_ROOMY_MAX { "dense" } else { "roomy" };
    framed(id, &table.title, class, &head, &rows)
}

/// A table that scrolls by itself when the window is narrower.
fn framed(id: &str, title: &str, class: &str, head: &str, rows: &str) -> String {
    let title = escaped(title);
    format!(
        "<div class=\"wide\" id=\"{id}\" role=\"region\" aria-label=\"{title}\" tabindex=\"0\">\n\
         <table class=\"{class}\">\n<caption>{title}</caption>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}

fn row(table: &Table, at: usize) -> String {
    let leading = table.leading();
    let cells = table.rows[at].iter().enumerate().map(|(column, shown)| match column {
        0 if leading > 0 => format!("<th scope=\"row\">{}</th>", escaped(&shown.main())),
        _ => cell(shown, table.is_of_figures(column)),
    });
    let cells: String = cells.collect();
    let class = if begins_group(table, at) { " class=\"group\"" } else { "" };
    format!("<tr{class}>{cells}</tr>\n")
}

/// Whether a row is about something else than the one before, in a table that has several rows about one
/// thing.
fn begins_group(table: &Table, at: usize) -> bool {
    let first = |row: usize| table.rows[row].first().map(Cell::main);
    let continues = |row: usize| first(row) == first(row - 1);
    at > 0 && !continues(at) && (1..table.rows.len()).any(continues)
}

fn cell(cell: &Cell, of_figures: bool) -> String {
    let main = escaped(&cell.main());
    match cell {
        Cell::Text(_) if of_figures => format!("<td class=\"figure\">{main}</td>"),
        Cell::Text(_) => format!("<td>{main}</td>"),
        Cell::Absent(_) if of_figures => format!("<td class=\"figure absent\">{main}</td>"),
        Cell::Absent(_) => format!("<td class=\"absent\">{main}</td>"),
        Cell::Measured(spread, decimals) => {
            let rounds = spread.rounds().iter().map(|figure| grouped(*figure, *decimals));
            let rounds = rounds.collect::<Vec<_>>().join(" · ");
            let note = cell.note().map(|note| format!("<small>{note}</small>"));
            let note = note.unwrap_or_default();
            format!("<td class=\"figure\" title=\"rounds: {rounds}\">{main}{note}</td>")
        }
    }
}

fn claims_shown(claims: &[Claim], id: &str) -> String {
    let rows = claims.iter().map(|claim| {
        format!(
            "<tr><td><span class=\"verdict {}\">{}</span></td><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            class(claim.verdict),
            claim.verdict,
            escaped(&claim.claim),
            escaped(&claim.figures)
        )
    });
    let rows: String = rows.collect();
    let head = ["verdict", "claim", "figures"].map(|name| format!("<th scope=\"col\">{name}</th>"));
    framed(id, &Verdict::summary(claims), "claims", &head.concat(), &rows)
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::DoesNotHold => "fails",
        Verdict::NotOnThisMachine => "unknown",
    }
}

fn plot_shown(plot: &Plot, id: &str) -> Result<String> {
    let picture = picture(plot, id, escaped)?;
    let lost = match left_out(plot) {
        0 => String::new(),
        lost => format!(
            "<p class=\"remark\">Not drawn: {lost} at zero, which powers of ten never reach.</p>\n"
        ),
    };
    Ok(format!(
        "<figure id=\"{id}\">\n<figcaption>{}</figcaption>\n{}<div class=\"plot\">\n{picture}</div>\n\
         {lost}</figure>\n",
        escaped(&plot.title),
        legend(plot)
    ))
}

/// The names of the series; one alone has nothing to be told apart from.
fn legend(plot: &Plot) -> String {
    if plot.series.len() < 2 {
        return String::new();
    }
    let bars = matches!(plot.x.scale, Scale::Names(_));
    let keys = plot.series.iter().enumerate().map(|(at, series)| {
        let paint = Paint::of(at);
        let key = if bars { paint.bar_key() } else { paint.line_key() };
        format!("<li>{key}{}</li>\n", escaped(&series.name))
    });
    format!("<ul class=\"legend\">\n{}</ul>\n", keys.collect::<String>())
}
