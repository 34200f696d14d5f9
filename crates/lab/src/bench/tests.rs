use clap::Parser;

use super::*;
use crate::generator::testing::{Manner, Server, nowhere};
use crate::report::{Cell, Part};

/// The options as a command line.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn options(line: &str) -> Options {
    Line::parse_from(["bench"].into_iter().chain(line.split_whitespace())).options
}

fn plan(line: &str) -> Result<Plan> {
    options(line).plan()
}

fn brief(server: &Server, more: &str) -> Options {
    options(&format!("{} --duration 0.1 --warm-up 0 --connections 2 {more}", server.address()))
}

fn failure(outcome: Result<()>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn a_server_is_driven_in_rounds_and_told_as_tables_and_numbers() {
    let server = Server::start(Manner::Answers);
    let options = brief(&server, "--workload half-and-half --rounds 2 --fill --keys 1200");
    let plan = options.plan().unwrap();
    fill::fill(&plan).unwrap();
    let rounds = measured(&plan, 2).unwrap();
    let parts = tables::parts(&plan, &rounds);
    let [Part::Text(first), Part::Table(costs), Part::Table(latencies), Part::Text(closed)] =
        &parts[..4]
    else {
        panic!("{parts:?}")
    };
    assert!(first.starts_with("half-and-half: 1,200 keys, 50% reads, "), "{first}");
    assert!(closed.contains("--rate"));
    assert!(matches!(&costs.rows[0][2], Cell::Absent(_)), "it has no INFO");
    assert_eq!(latencies.rows.len(), 2);
    assert!(latencies.rows.iter().all(|row| row.len() == latencies.columns.len()));
    assert_eq!(costs.rows[0].len(), costs.columns.len());
}

#[test]
fn a_kind_that_was_never_asked_has_no_row() {
    let server = Server::start(Manner::Answers);
    let plan = brief(&server, "--read-share 1 --rate 500 --even").plan().unwrap();
    let rounds = measured(&plan, 1).unwrap();
    let tables = tables::parts(&plan, &rounds);
    let Part::Table(latencies) = &tables[2] else { panic!("{tables:?}") };
    assert_eq!(latencies.rows.len(), 1);
    assert!(latencies.title.ends_with("was due"));
}

#[test]
fn the_numbers_of_a_run_are_written_where_it_is_told() {
    let server = Server::start(Manner::Answers);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers.json");
    run(&brief(&server, &format!("--rounds 1 --json {}", path.display()))).unwrap();
    let numbers: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let round = &numbers["rounds"][0];
    assert!(round["requests"].as_u64().unwrap() > 0);
    assert_eq!(round["errors"], 0);
    let all = &round["reads_ns"]["quantiles"];
    assert!(all[0]["value"].as_u64() <= all[4]["value"].as_u64());
    let nowhere = folder.path().join("none/numbers.json");
    let refused =
        failure(run(&brief(&server, &format!("--rounds 1 --json {}", nowhere.display()))));
    assert!(refused.contains("none/numbers.json"), "{refused}");
}

#[test]
fn what_cannot_work_fails_in_one_line_before_the_load() {
    let refused = failure(run(&options(&nowhere().to_string())));
    assert!(refused.starts_with("nothing listens on"), "{refused}");
    let server = Server::start(Manner::Refuses);
    let refused = failure(run(&brief(&server, "")));
    assert!(refused.contains("NOAUTH") && refused.contains("--password"), "{refused}");
    assert!(!refused.contains('\n'));
}

#[test]
fn a_server_that_refuses_every_request_of_the_load_is_told() {
    let server = Server::start(Manner::Refuses);
    for pace in ["", "--rate 1000000"] {
        let plan = brief(&server, pace).plan().unwrap();
        let refused = measured(&plan, 1).unwrap_err().to_string();
        assert!(refused.contains("refused every request: NOAUTH"), "{refused}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for line in [
        "--read-share 1.5",
        "--duration 0",
        "--duration 1e9",
        "--warm-up -1",
        "--workload trace",
        "--workload hot-key --hot-share 2",
        "--zipf -1",
        "--keys 0",
        "--user me",
        "--connections 0",
        "--pipeline 1000000000",
        "--rate 1e9",
        "--rate 0",
    ] {
        let line = line.replace(" -1", "=-1");
        assert!(matches!(plan(&line).err(), Some(Failure::Misuse(_))), "{line}");
    }
    for line in ["--even", "--resp 4", "--rounds 0", "--workload zipf"] {
        let words = ["bench"].into_iter().chain(line.split(' '));
        assert!(Line::try_parse_from(words).is_err(), "{line}");
    }
}
