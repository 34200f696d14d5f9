//! A report with a part of every kind, some of them awkward.

use larder_lab::report::{
    Axis, Cell, Claim, Machine, Part, Plot, Point, Report, Scale, Series, Spread, Table, Verdict,
};

/// Text that would be mark-up if it were not escaped.
pub(crate) const HOSTILE: &str = "<script>console.error('run')</script> & \"quoted\" | `code`";

pub(crate) fn report() -> Report {
    Report {
        title: "What each model costs".to_owned(),
        command: "larder lab models --rounds 3 --connections 50,1000".to_owned(),
        machine: machine(),
        began_unix: 1_795_432_000,
        lasted_seconds: 754.2,
        parts: vec![
            Part::Text("Each model serves the same hits to the same clients.".to_owned()),
            Part::Heading("Requests".to_owned()),
            Part::Text(
                "A longer paragraph says what was asked, in which order, and for how long each \
                        cell was measured, so that it has to be broken into lines."
                    .to_owned(),
            ),
            Part::Table(requests()),
            Part::Plot(bars("Requests a second", Scale::Linear, &["depth 1", "depth 16"])),
            Part::Plot(bars("Cost of a connection", Scale::Logarithmic, &["open"])),
            Part::Heading("Scaling".to_owned()),
            Part::Plot(lines("CPU of a request", Scale::Logarithmic, Scale::Logarithmic, 11)),
            Part::Plot(lines("Hit ratio", Scale::Logarithmic, Scale::Linear, 3)),
            Part::Plot(lines("Memory", Scale::Linear, Scale::Linear, 2)),
            Part::Heading("The claims".to_owned()),
            Part::Claims(claims()),
            Part::Heading(HOSTILE.to_owned()),
            Part::Table(Table {
                title: HOSTILE.to_owned(),
                columns: vec![HOSTILE.to_owned()],
                rows: vec![
                    vec![Cell::Text(HOSTILE.to_owned())],
                    vec![Cell::Absent(HOSTILE.to_owned())],
                ],
            }),
            Part::Plot(bars(HOSTILE, Scale::Linear, &[HOSTILE, "other"])),
        ],
    }
}

fn machine() -> Machine {
    Machine {
        processor: "Example processor at 3.0 GHz".to_owned(),
        cores: 2,
        memory_bytes: 8 << 30,
        kernel: "6.1.0".to_owned(),
        larder: "0.1.0".to_owned(),
    }
}

/// Some rounds around `middle`.
pub(crate) fn around(middle: f64) -> Spread {
    Spread::of([middle * 0.93, middle, middle * 1.08]).unwrap()
}

fn requests() -> Table {
    let columns =
        ["model", "connections", "requests/s", "p50, us", "p99, us", "CPU-us per request"];
    let row = |model: &str, connections: &str, scale: f64| {
        vec![
            Cell::Text(model.to_owned()),
            Cell::Text(connections.to_owned()),
            Cell::Measured(around(123_456.0 * scale), 0),
            Cell::Measured(around(75.25 / scale), 1),
            Cell::Measured(Spread::of([310.5 / scale]).unwrap(), 1),
            Cell::Measured(around(7.125 / scale), 2),
        ]
    };
    let mut refused = row("select", "1,000", 0.4);
    refused[2] = Cell::Absent("refused past 1,021".to_owned());
    Table {
        title: "Requests a second, latency and CPU".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: vec![
            row("reactors", "50", 1.0),
            row("reactors", "1,000", 1.4),
            row("select", "50", 0.8),
            refused,
        ],
    }
}

fn bars(title: &str, scale: Scale, series: &[&str]) -> Plot {
    let names = ["reactors", "select", "thread", "write-through, cache-first"];
    let series = series.iter().enumerate().map(|(at, name)| {
        let heights = (0..names.len()).map(|x| 900.0 * (x + 1) as f64 * (3 * at + 1) as f64);
        let point = |(x, height): (usize, f64)| Point { x: x as f64, y: around(height) };
        Series { name: (*name).to_owned(), points: heights.enumerate().map(point).collect() }
    });
    Plot {
        title: title.to_owned(),
        x: Axis {
            name: "model".to_owned(),
            scale: Scale::Names(names.map(str::to_owned).to_vec()),
        },
        y: Axis { name: "requests/s".to_owned(), scale },
        series: series.collect(),
    }
}

/// The first point of each series is at zero, where powers of ten have no place for it.
fn lines(title: &str, across: Scale, upwards: Scale, count: usize) -> Plot {
    let series = (0..count).map(|at| {
        let point = |x: f64| Point { x, y: around(x.sqrt() * (at + 1) as f64) };
        let points = [0.0, 1.0, 10.0, 50.0, 1_000.0, 20_000.0].map(point).to_vec();
        Series { name: format!("series {at}"), points }
    });
    Plot {
        title: title.to_owned(),
        x: Axis { name: "idle connections".to_owned(), scale: across },
        y: Axis { name: "CPU-us per request".to_owned(), scale: upwards },
        series: series.collect(),
    }
}

fn claims() -> Vec<Claim> {
    let claim = |claim: &str, figures: &str, verdict| Claim {
        claim: claim.to_owned(),
        figures: figures.to_owned(),
        verdict,
    };
    vec![
        claim("select stops at 1024", "refused connection 1,021", Verdict::Holds),
        claim("epoll shares memory with the kernel", "each wait copies", Verdict::DoesNotHold),
        claim("a ring needs few system calls", "the kernel refuses", Verdict::NotOnThisMachine),
    ]
}
