//! What a curve is shown as.

use super::curve::{Curve, Point};
use super::policy::{LARDER, LRU, OPTIMUM};
use super::requests::Requests;
use crate::measure::number::counted;
use crate::report::{self, Axis, Cell, Claim, Part, Plot, Scale, Series, Spread, Table, Verdict};

/// The requests and their curve, in words, figures and a picture.
pub(super) fn parts(name: &str, requests: &Requests, curve: &Curve) -> Vec<Part> {
    vec![
        Part::Heading(name.to_owned()),
        Part::Text(description(requests)),
        Part::Table(table(curve)),
        Part::Plot(plot(name, curve)),
        Part::Claims(claims(curve)),
    ]
}

/// What the figures mean, for all traces.
pub(super) fn introduction() -> Part {
    Part::Text(
        "Each request of a trace looks its key up, and puts it after a miss. \"larder\" is the memory \
         tier that every keyspace has, asked as the engine asks it; its hash is seeded anew each round. \
         \"LRU\" drops what has been used least recently, and is computed exactly. \"Optimum\" knows what \
         comes, and drops what will not be needed for longest (Belady); no cache of that size can hit \
         more often. All entries count alike, whatever their size, and none expires."
            .to_owned(),
    )
}

fn description(requests: &Requests) -> String {
    let Requests { total, distinct, halvings, is_beginning, .. } = requests;
    let first = 100.0 * f64::from(*distinct) / requests.len() as f64;
    let asked = format!(
        "{first:.1} % of the requests ask for a key for the first time; no cache that waits to be asked \
         hits these."
    );
    let (total, distinct) = (counted(*total), counted(u64::from(*distinct)));
    let total = if *is_beginning { format!("The first {total}") } else { total };
    match halvings {
        0 => format!("{total} requests for {distinct} keys. {asked}"),
        halvings => format!(
            "{total} requests, of which those for every {} key have been replayed, chosen by hash: {} \
             requests for {distinct} keys, against caches with that share of the room. {asked}",
            ordinal(1_u64 << halvings),
            counted(requests.len()),
        ),
    }
}

/// The word for a power of two.
fn ordinal(number: u64) -> String {
    let digits = counted(number);
    match number % 10 {
        _ if number == 2 => "second".to_owned(),
        2 if number % 100 != 12 => format!("{digits}nd"),
        _ => format!("{digits}th"),
    }
}

fn table(curve: &Curve) -> Table {
    let columns =
        ["entries", "% of keys", LARDER.name, LRU.name, OPTIMUM.name, "larder of optimum"];
    Table {
        title: "Hits, % of requests, by the size of the cache".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: curve.points.iter().map(row).collect(),
    }
}

fn row(point: &Point) -> Vec<Cell> {
    let measured = |spread: &Spread| Cell::Measured(spread.clone(), 2);
    vec![
        Cell::Text(counted(point.size)),
        Cell::Text(format!("{:.2}", point.percent_of_keys)),
        measured(&point.larder),
        measured(&point.lru),
        measured(&point.optimum),
        of_optimum(point).map_or(Cell::Absent("no hits".to_owned()), |share| measured(&share)),
    ]
}

/// The hits of larder in hundredths of the optimum.
fn of_optimum(point: &Point) -> Option<Spread> {
    let most = point.optimum.median();
    let share = |percent| 100.0 * percent / most;
    (most > 0.0).then(|| point.larder.each(share))?
}

fn plot(name: &str, curve: &Curve) -> Plot {
    let series = |name: &str, figure: fn(&Point) -> &Spread| {
        let point = |point| report::Point { x: point_size(point), y: figure(point).clone() };
        Series { name: name.to_owned(), points: curve.points.iter().map(point).collect() }
    };
    Plot {
        title: format!("Hit ratio against size: {name}"),
        x: Axis { name: "size of the cache, entries".to_owned(), scale: Scale::Logarithmic },
        y: Axis { name: "hits, % of requests".to_owned(), scale: Scale::Linear },
        series: vec![
            series(OPTIMUM.name, |point| &point.optimum),
            series(LARDER.name, |point| &point.larder),
            series(LRU.name, |point| &point.lru),
        ],
    }
}

fn point_size(point: &Point) -> f64 {
    point.size as f64
}

fn claims(curve: &Curve) -> Vec<Claim> {
    vec![more_than_lru(curve), no_more_than_optimum(curve)]
}

fn more_than_lru(curve: &Curve) -> Claim {
    let gain = |point: &Point| point.larder.median() - point.lru.median();
    let ahead = curve.points.iter().filter(|point| gain(point) > 0.0).count();
    let gains = Spread::of(curve.points.iter().map(gain));
    let figures = gains.map_or(String::new(), |gains| {
        format!(
            "ahead at {ahead} of {} sizes; the difference is {:+.2} in the middle, from {:+.2} to {:+.2}, \
             in % of the requests",
            curve.points.len(),
            gains.median(),
            gains.least(),
            gains.most(),
        )
    });
    Claim {
        claim: "The memory tier hits more often than LRU of the same size at most sizes."
            .to_owned(),
        figures,
        verdict: held(ahead * 2 > curve.points.len()),
    }
}

fn no_more_than_optimum(curve: &Curve) -> Claim {
    let within =
        |point: &&Point| point.larder.most().max(point.lru.most()) <= point.optimum.least();
    let within = curve.points.iter().filter(within).count();
    Claim {
        claim: "Nobody hits more often than the optimum.".to_owned(),
        figures: format!("so at {within} of {} sizes, in every round", curve.points.len()),
        verdict: held(within == curve.points.len()),
    }
}

fn held(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::DoesNotHold }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(percent: f64) -> Spread {
        Spread::of([percent]).unwrap()
    }

    /// A curve of what larder, LRU and the optimum came to.
    fn curve<const N: usize>(figures: [[f64; 3]; N]) -> Curve {
        let point = |[larder, lru, optimum]: [f64; 3]| Point {
            size: 10,
            percent_of_keys: 1.0,
            larder: figure(larder),
            lru: figure(lru),
            optimum: figure(optimum),
        };
        Curve { points: figures.map(point).into() }
    }

    fn verdicts(curve: &Curve) -> [Verdict; 2] {
        claims(curve).iter().map(|claim| claim.verdict).collect::<Vec<_>>().try_into().unwrap()
    }

    #[test]
    fn claims_follow_the_figures() {
        let better = curve([[30.0, 20.0, 40.0], [50.0, 50.5, 60.0], [70.0, 60.0, 70.0]]);
        assert_eq!(verdicts(&better), [Verdict::Holds, Verdict::Holds]);
        let figures = &claims(&better)[0].figures;
        assert!(
            figures.contains("2 of 3") && figures.contains("from -0.50 to +10.00"),
            "{figures}"
        );
        let worse = curve([[20.0, 20.0, 40.0], [50.0, 60.0, 60.0]]);
        assert_eq!(verdicts(&worse), [Verdict::DoesNotHold, Verdict::Holds]);
        let beyond = curve([[41.0, 20.0, 40.0]]);
        assert_eq!(verdicts(&beyond), [Verdict::Holds, Verdict::DoesNotHold]);
    }

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let table = table(&curve([[30.0, 20.0, 40.0], [0.0, 0.0, 0.0]]));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        let [first, second] = [&table.rows[0][5], &table.rows[1][5]];
        assert!(matches!(first, Cell::Measured(share, 2) if share.median() == 75.0), "{first:?}");
        assert!(matches!(second, Cell::Absent(_)), "{second:?}");
    }

    #[test]
    fn a_sample_is_told_as_one() {
        let mut requests = Requests::of([1, 2, 1, 1]);
        assert!(description(&requests).starts_with("4 requests for 2 keys. 50.0 % "));
        requests.halvings = 2;
        requests.total = 17;
        let sampled = description(&requests);
        assert!(sampled.starts_with("17 requests, of which those for every 4th key"), "{sampled}");
        requests.is_beginning = true;
        let beginning = description(&requests);
        assert!(beginning.starts_with("The first 17 requests, of which"), "{beginning}");
    }

    #[test]
    fn powers_of_two_are_spelled_as_they_are_said() {
        let spelled = [2, 4, 32, 512, 8_192].map(ordinal);
        assert_eq!(spelled, ["second", "4th", "32nd", "512th", "8,192nd"]);
    }
}
