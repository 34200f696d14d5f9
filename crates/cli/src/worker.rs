//! `larder worker`: what the models `process` and `prefork` start.

use std::io;
use std::path::PathBuf;

use clap::Args;
use larder_server::SharedHits;
use larder_server::model::worker::work;

use crate::{Failure, serve};

#[derive(Args)]
pub(crate) struct WorkerOptions {
    /// The folder of the shared-memory tier.
    #[arg(long, value_name = "DIR")]
    hits: PathBuf,
}

/// Works until the parent needs it no more, or is gone.
pub(crate) fn run(options: &WorkerOptions) -> Result<(), Failure> {
    serve::log_to_stderr();
    let hits = SharedHits::open(&options.hits).map_err(|error| out_of_place(&error))?;
    work(hits).map_err(|error| out_of_place(&error))
}

fn out_of_place(error: &io::Error) -> Failure {
    Failure::failed(format!(
        "cannot work: {error}; larder starts its workers itself: use larder serve"
    ))
}
