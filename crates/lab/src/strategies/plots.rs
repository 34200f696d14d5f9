//! The figures as bars: a group for each workload, a colour for each strategy.

use super::application::Strategy;
use super::results::{Metric, Results, milliseconds};
use crate::report::{Axis, Plot, Point, Scale, Series};

/// What is drawn: the title, the axis, whether it is logarithmic, and the figure.
type Picture = (&'static str, &'static str, Scale, Metric);

const PICTURES: [Picture; 6] = [
    ("Requests carried", "requests/s", Scale::Logarithmic, |sample| Some(sample.rate)),
    ("Reads: what one in a hundred exceeds", "us", Scale::Logarithmic, |sample| {
        Some(sample.reads?.p99)
    }),
    ("Writes: what one in a hundred exceeds", "us", Scale::Logarithmic, |sample| {
        Some(sample.writes?.p99)
    }),
    ("Reads that find a copy", "%", Scale::Linear, |sample| Some(sample.hit_ratio? * 100.0)),
    ("Reads that are older than what is committed", "%", Scale::Linear, |sample| {
        Some(sample.sightings.share()? * 100.0)
    }),
    ("How far the database is behind at worst", "ms", Scale::Linear, |sample| {
        (sample.outside.reads > 0).then(|| milliseconds(sample.outside.worst))
    }),
];

/// Every picture that something was measured for.
pub(super) fn plots(results: &Results) -> Vec<Plot> {
    let drawn = PICTURES.into_iter().map(|picture| plot(results, picture));
    drawn.filter(|plot| !plot.series.is_empty()).collect()
}

fn plot(results: &Results, (title, unit, scale, metric): Picture) -> Plot {
    let names = results.workloads().iter().map(|ready| ready.workload.name.to_owned()).collect();
    let series = results.strategies().map(|strategy| series(results, strategy, metric));
    Plot {
        title: title.to_owned(),
        x: Axis { name: "workload".to_owned(), scale: Scale::Names(names) },
        y: Axis { name: unit.to_owned(), scale },
        series: series.filter(|series| !series.points.is_empty()).collect(),
    }
}

fn series(results: &Results, strategy: &'static Strategy, metric: Metric) -> Series {
    let workloads = results.workloads().iter().enumerate();
    let points = workloads.filter_map(|(place, ready)| {
        let y = results.spread(ready.workload.name, strategy, metric)?;
        Some(Point { x: place as f64, y })
    });
    Series { name: strategy.name.to_owned(), points: points.collect() }
}

#[cfg(test)]
mod tests {
    use super::super::application::{REFERENCE, chosen};
    use super::super::results::sample;
    use super::super::workload::{HOT_KEY, READ_MOSTLY, chosen as workloads};
    use super::*;

    #[test]
    fn bars_stand_at_their_workloads_and_what_was_not_measured_is_not_drawn() {
        let workloads = workloads(&[READ_MOSTLY, HOT_KEY].map(str::to_owned), 10, None).unwrap();
        let mut results = Results::new(chosen(&[]).unwrap(), workloads);
        results.add(HOT_KEY, REFERENCE, sample(5.0, 1.0, 1.0));
        let plots = plots(&results);
        let titles: Vec<_> = plots.iter().map(|plot| plot.y.name.as_str()).collect();
        assert_eq!(titles, ["requests/s", "us", "us"]);
        let [series] = &plots[0].series[..] else { panic!("{plots:?}") };
        assert_eq!((series.name.as_str(), series.points[0].x), ("database-alone", 1.0));
    }
}
