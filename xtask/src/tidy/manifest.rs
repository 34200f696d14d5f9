//! Who may depend on whom.

use toml::{Table, Value};

use super::Finding;
use crate::failure::{Failure, Result};

/// Each package of ours, and those of ours that it may depend on.
const KNOWS: [(&str, &[&str]); 9] = [
    ("larder", &["larder-kit"]),
    ("larder-kit", &[]),
    ("larder-protocol", &[]),
    ("larder-server", &["larder", "larder-kit", "larder-protocol"]),
    ("larder-lab", &["larder", "larder-protocol", "larder-server"]),
    ("larder-cli", &["larder", "larder-kit", "larder-protocol", "larder-server", "larder-lab"]),
    ("larder-clients", &[]),
    ("larder-simulation", &["larder"]),
    ("xtask", &["larder-kit"]),
];

/// What the protocol may not depend on: it performs no I/O and has no runtime.
const RUNTIMES: [&str; 8] =
    ["tokio", "async-std", "smol", "mio", "rustix", "libc", "socket2", "futures-executor"];

/// The dependencies of one package that it may not have. Those of its tests count too.
pub(super) fn examine(path: &str, text: &str) -> Result<Vec<Finding>> {
    let manifest: Table = text.parse().map_err(|error| Failure::new(format!("{path}: {error}")))?;
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let Some((_, known)) = KNOWS.iter().find(|(package, _)| *package == name) else {
        let message = format!("xtask/src/tidy/manifest.rs does not say whom {name:?} may know");
        return Ok(vec![Finding { path: path.to_owned(), line: 1, message }]);
    };
    let unwanted = dependencies(&manifest).filter(|dependency| {
        let ours = KNOWS.iter().any(|(package, _)| package == dependency);
        ours && !known.contains(dependency)
            || name == "larder-protocol" && RUNTIMES.contains(dependency)
    });
    let finding = |dependency: &str| Finding {
        path: path.to_owned(),
        line: text.lines().position(|line| line.starts_with(dependency)).map_or(1, |at| at + 1),
        message: format!("{name} may not depend on {dependency}"),
    };
    Ok(unwanted.map(finding).collect())
}

fn dependencies(manifest: &Table) -> impl Iterator<Item = &str> {
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = tables.into_iter().filter_map(|name| manifest.get(name)?.as_table());
    tables.flat_map(|table| table.keys().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let findings = examine("Cargo.toml", text).unwrap();
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_protocol_and_the_cache_do_not_know_each_other() {
        let cache = "[package]\nname = \"larder\"\n[dependencies]\nlarder-protocol = \"1\"\n";
        assert_eq!(messages(cache), ["Cargo.toml:4: larder may not depend on larder-protocol"]);
        let protocol = "[package]\nname = \"larder-protocol\"\n[dev-dependencies]\nlarder = \"1\"\nmio = \"1\"\n";
        assert_eq!(messages(protocol).len(), 2);
    }

    #[test]
    fn the_server_knows_both() {
        let server = "[package]\nname = \"larder-server\"\n[dependencies]\n\
                      larder = \"1\"\nlarder-protocol = \"1\"\ntokio = \"1\"\n";
        assert!(messages(server).is_empty());
    }

    #[test]
    fn a_package_that_nobody_placed_is_a_finding() {
        assert!(messages("[package]\nname = \"larder-new\"\n")[0].contains("does not say"));
    }
}
