//! `larder check`

use larder_server::config::Overrides;

use crate::{CheckOptions, Failure, read_config};

/// Says whether a configuration would serve.
pub(crate) fn run(options: &CheckOptions) -> Result<(), Failure> {
    let text = read_config(&options.config)?;
    let data = options.data.clone();
    let overrides = Overrides { data, password: crate::password(), ..Overrides::default() };
    let wrong = |report| Failure::misconfigured(text.render(&report));
    let config = text.parse(&overrides).map_err(wrong)?;
    for line in larder_server::check(&config).map_err(wrong)? {
        println!("{line}");
    }
    println!("{}: {} keyspaces, all good", options.config.display(), config.keyspaces.len());
    Ok(())
}
