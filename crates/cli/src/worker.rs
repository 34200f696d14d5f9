//! `larder worker`: what the models `process` and `prefork` start.

use std::io;
use std::path::{Path, PathBuf};

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
    work(hits(&options.hits)).map_err(|error| out_of_place(&error))
}

/// Without the tier, which may have been removed since larder has started or may have no place for
/// another reader, clients are served all the same: the parent has every answer.
fn hits(folder: &Path) -> Option<SharedHits> {
    let warn = |error: &io::Error| {
        tracing::warn!(
            %error,
            folder = %folder.display(),
            "a worker cannot open the shared-memory tier, and passes everything on"
        );
    };
    SharedHits::open(folder).inspect_err(warn).ok()
}

fn out_of_place(error: &io::Error) -> Failure {
    Failure::failed(format!(
        "cannot work: {error}; larder starts its workers itself: use larder serve"
    ))
}

#[cfg(test)]
mod tests {
    use larder_server::model::Mandate;
    use larder_server::model::worker::Deputy;

    use super::*;

    #[test]
    fn a_worker_without_a_tier_passes_everything_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut hits = hits(&folder.path().join("removed"));
        let (request, mut output) = (b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", Vec::new());
        assert_eq!(hits.answer(Mandate(0), request, &mut output), None);
        assert!(output.is_empty());
    }
}
