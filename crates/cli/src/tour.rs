//! `larder tour`: plays each strategy against a real database and draws what passed between the
//! parts.
//!
//! A scenario is a story in steps: one file for each strategy, which plays it on a [`Stage`], an
//! SQLite file in a folder of its own and a clock that can be moved ahead. What is drawn are the
//! messages that the engine recorded, so a picture cannot say what the code does not do.

mod cache_aside;
mod clock;
mod mermaid;
mod read_through;
mod stage;
mod story;
mod terminal;
mod write_around;
mod write_behind;
mod write_through;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::pin::Pin;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::Failure;
use stage::Stage;
use story::Story;

/// Every scenario, in the order in which they are played.
const SCENARIOS: [Scenario; 5] = [
    cache_aside::SCENARIO,
    read_through::SCENARIO,
    write_through::SCENARIO,
    write_behind::SCENARIO,
    write_around::SCENARIO,
];

/// What `larder tour` is told.
#[derive(Args)]
pub(crate) struct TourOptions {
    /// The strategies to play; all of them unless told.
    #[arg(value_name = "STRATEGY", value_parser = PossibleValuesParser::new(
        SCENARIOS.iter().map(|scenario| scenario.name)
    ))]
    strategies: Vec<String>,
    /// Print Markdown with mermaid sequence diagrams instead of drawing in the terminal.
    #[arg(long)]
    mermaid: bool,
}

/// A strategy's story.
struct Scenario {
    /// The strategy, as configuration and metrics write it.
    name: &'static str,
    /// What the strategy promises, in a sentence.
    promise: &'static str,
    play: fn(&mut Stage) -> Playing<'_>,
}

/// A scenario being played.
type Playing<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// How playing ends.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Plays the scenarios that were asked for, and prints each as soon as it has ended.
pub(crate) fn run(options: &TourOptions) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let wanted = |scenario: &&Scenario| {
        let named = &options.strategies;
        named.is_empty() || named.iter().any(|name| name == scenario.name)
    };
    for (at, scenario) in SCENARIOS.iter().filter(wanted).enumerate() {
        let story = runtime
            .block_on(scenario.perform())
            .map_err(|error| Failure::failed(format!("the tour of {}: {error}", scenario.name)))?;
        match print(&story, options.mermaid, at > 0) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            printed => {
                printed.map_err(|error| Failure::failed(format!("cannot print: {error}")))?;
            }
        }
    }
    Ok(())
}

impl Scenario {
    async fn perform(&self) -> Outcome<Story> {
        let mut stage = Stage::open().await?;
        (self.play)(&mut stage).await?;
        Ok(Story { name: self.name, promise: self.promise, steps: stage.into_steps() })
    }
}

fn print(story: &Story, mermaid: bool, apart: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let picture = match mermaid {
        true => mermaid::draw(story),
        false => terminal::draw(story, terminal::Paint::fitting(out.is_terminal())),
    };
    if apart {
        writeln!(out)?;
    }
    out.write_all(picture.as_bytes())?;
    out.flush()
}
