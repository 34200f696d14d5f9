//! The server's side of `CONFIG`: what holds at first, what a change does, and where it is written.

mod rewrite;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use larder_protocol::settings::{Host, NotRewritten, Place, Settings, place};
use parking_lot::Mutex;

use crate::config::{Capacity, Config, PasswordConfig, Secret, Unmatched};
use crate::status::Status;

/// The parameters that have a counterpart in the configuration, and the path to it there.
const COUNTERPARTS: [(Place, [&str; 2], Form); 6] = [
    (place::MAXMEMORY, ["default_keyspace", "max_bytes"], Form::Bytes),
    (place::MAXCLIENTS, ["limits", "maxclients"], Form::Number),
    (place::PROTO_MAX_BULK_LEN, ["limits", "bulk_bytes_max"], Form::Bytes),
    (place::MAXMEMORY_CLIENTS, ["limits", "clients_bytes_max"], Form::Bytes),
    (place::TRACKING_TABLE_MAX_KEYS, ["limits", "tracked_keys_max"], Form::Number),
    (place::TIMEOUT, ["limits", "idle_timeout"], Form::Seconds),
];

/// How a number is written in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Number,
    Bytes,
    Seconds,
}

/// Carries out what `CONFIG` asks for.
pub(crate) struct Parameters {
    /// Not its owner: it holds the settings, which hold this.
    status: Weak<Status>,
    /// How many bytes the default keyspace may hold by the configuration; `None` if that counts
    /// entries, or there is none.
    memory_max: Option<u64>,
    /// What is in the file of each counterpart, as far as it is not what it was at the start.
    written: Mutex<Vec<i64>>,
    /// The password that is not in a file; it may be from the environment.
    password: Option<Secret>,
}

impl Parameters {
    /// Tells `settings` what holds, and to whom to turn.
    pub(crate) fn attach(
        config: &Config,
        addresses: &[SocketAddr],
        status: &Arc<Status>,
    ) -> Arc<Self> {
        let settings = status.keyspaces.hub().settings();
        begin(config, addresses, settings);
        let parameters = Arc::new(Self {
            status: Arc::downgrade(status),
            memory_max: memory_max(config),
            written: Mutex::new(present(settings)),
            password: match &config.auth.password {
                Some(PasswordConfig::Given(password)) => Some(password.clone()),
                _ => None,
            },
        });
        settings.attach(parameters.clone());
        parameters
    }
}

impl Host for Parameters {
    fn changed(&self, place: Place, settings: &Settings) -> Result<(), String> {
        // Whatever else has an effect is read where it has it.
        match place {
            place::MAXMEMORY => self.resize(settings.number(place).cast_unsigned()),
            _ => Ok(()),
        }
    }

    fn rewrite(&self, settings: &Settings) -> Result<(), NotRewritten> {
        let status = self.status.upgrade().ok_or(NotRewritten::NoFile)?;
        let file = status.config_file().ok_or(NotRewritten::NoFile)?;
        let (mut written, present) = (self.written.lock(), present(settings));
        let changed = COUNTERPARTS.iter().zip(written.iter().zip(&present));
        // Zero and less is how Redis says that there is no bound, or that it is a share.
        let changes: Vec<_> = changed
            .filter(|(_, (written, present))| written != present && **present > 0)
            .map(|((_, path, form), (_, present))| (*path, form.value(*present)))
            .collect();
        let password = self.password.as_ref();
        rewrite::rewrite(file, &changes, password).map_err(NotRewritten::Failed)?;
        *written = present;
        Ok(())
    }

    fn reset_statistics(&self) {
        if let Some(status) = self.status.upgrade() {
            status.reset();
        }
    }
}

impl Parameters {
    /// Bounds the default keyspace; zero is what the configuration says.
    fn resize(&self, bytes: u64) -> Result<(), String> {
        let Some(status) = self.status.upgrade() else { return Ok(()) };
        match (self.memory_max, status.keyspaces.fallback()) {
            (Some(memory_max), Some(keyspace)) => {
                keyspace.cache.resize(if bytes == 0 { memory_max } else { bytes });
                Ok(())
            }
            _ if bytes == 0 => Ok(()),
            _ => Err("the default keyspace is not bounded by max_bytes".to_owned()),
        }
    }
}

impl Form {
    fn value(self, number: i64) -> toml_edit::Value {
        match self {
            Self::Number => number.into(),
            Self::Bytes => format!("{number}B").into(),
            Self::Seconds => format!("{number}s").into(),
        }
    }
}

fn present(settings: &Settings) -> Vec<i64> {
    COUNTERPARTS.iter().map(|(place, ..)| settings.number(*place)).collect()
}

fn memory_max(config: &Config) -> Option<u64> {
    match config.unmatched {
        Unmatched::Cache(Capacity::Bytes(bytes)) => Some(bytes.get()),
        Unmatched::Cache(Capacity::Entries(_)) | Unmatched::Refuse => None,
    }
}

/// What the configuration says of parameters that the protocol knows nothing of.
fn begin(config: &Config, addresses: &[SocketAddr], settings: &Settings) {
    let (plain, secured) = addresses.split_at(config.listen.len().min(addresses.len()));
    let port = |addresses: &[SocketAddr]| addresses.first().map_or(0, SocketAddr::port).to_string();
    let hosts: Vec<String> = plain.iter().map(|address| address.ip().to_string()).collect();
    let folder = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
    let values = [
        (place::PORT, port(plain)),
        (place::TLS_PORT, port(secured)),
        (place::BIND, hosts.join(" ")),
        (place::DIR, folder.display().to_string()),
        (place::MAXCLIENTS, config.limits.maxclients.to_string()),
        (place::MAXMEMORY, memory_max(config).unwrap_or(0).to_string()),
    ];
    for (place, value) in values {
        if let Err(reason) = settings.begin(place, &value) {
            tracing::warn!(parameter = place.name(), %reason, "CONFIG GET does not show what holds");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{ConfigText, Overrides};
    use crate::keyspace::tests::plain;
    use crate::keyspaces;

    /// A server that was configured by `text` in a file of this folder.
    fn configured(text: &str, folder: &tempfile::TempDir) -> (Arc<Status>, Arc<Parameters>) {
        let overrides =
            Overrides { password: Some("s3cret".to_owned().into()), ..Overrides::default() };
        let config = ConfigText::new("t", text).parse(&overrides).unwrap();
        let keyspaces = keyspaces::tests::of(vec![], Some(plain("default", "")), 100);
        let status = Arc::new(Status::new(keyspaces, "tasks".to_owned(), 7379));
        let address = "127.0.0.1:7400".parse().unwrap();
        let parameters = Parameters::attach(&config, &[address], &status);
        let file = folder.path().join("larder.toml");
        fs::write(&file, text).unwrap();
        status.configured_in(file);
        (status, parameters)
    }

    fn begin_at(settings: &Settings, place: Place, value: &str) {
        settings.begin(place, value).unwrap();
    }

    #[test]
    fn what_holds_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[limits]\nmaxclients = 7\n[default_keyspace]\nmax_bytes = \"1MB\"\n";
        let (status, _) = configured(text, &folder);
        let settings = status.keyspaces.hub().settings();
        assert_eq!(settings.number(place::MAXCLIENTS), 7);
        assert_eq!(settings.number(place::MAXMEMORY), 1_000_000);
        assert_eq!(settings.text(place::PORT), b"7400");
        assert_eq!(settings.text(place::BIND), b"127.0.0.1");
    }

    #[test]
    fn the_default_keyspace_is_given_another_bound() {
        let folder = tempfile::tempdir().unwrap();
        let (status, parameters) = configured("[default_keyspace]\nmax_bytes = \"1MB\"\n", &folder);
        let settings = status.keyspaces.hub().settings();
        let bound = || status.keyspaces.fallback().unwrap().cache.usage().weight_max;
        begin_at(settings, place::MAXMEMORY, "64mb");
        parameters.changed(place::MAXMEMORY, settings).unwrap();
        assert_eq!(bound(), 64 << 20);
        begin_at(settings, place::MAXMEMORY, "0");
        parameters.changed(place::MAXMEMORY, settings).unwrap();
        assert_eq!(bound(), 1_000_000);
    }

    #[test]
    fn a_keyspace_that_counts_entries_has_no_bound_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (status, parameters) = configured("[default_keyspace]\nmax_entries = 10\n", &folder);
        let settings = status.keyspaces.hub().settings();
        assert!(parameters.changed(place::MAXMEMORY, settings).is_ok());
        begin_at(settings, place::MAXMEMORY, "64mb");
        let error = parameters.changed(place::MAXMEMORY, settings).unwrap_err();
        assert!(error.contains("max_bytes"), "{error}");
    }

    #[test]
    fn what_has_changed_is_written_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let text = "# ours\ndata = \".\" # here\n\n[limits]\nmaxclients = 7 # few\n";
        let (status, parameters) = configured(text, &folder);
        let settings = status.keyspaces.hub().settings();
        begin_at(settings, place::MAXCLIENTS, "9");
        begin_at(settings, place::TIMEOUT, "60");
        parameters.rewrite(settings).unwrap();
        let written = fs::read_to_string(folder.path().join("larder.toml")).unwrap();
        let expected = "# ours\ndata = \".\" # here\n\n[limits]\nmaxclients = 9 # few\n\
                        idle_timeout = \"60s\"\n";
        assert_eq!(written, expected);
    }

    #[test]
    fn a_password_in_the_environment_counts_when_other_machines_are_served() {
        let folder = tempfile::tempdir().unwrap();
        let (status, parameters) = configured("listen = \"0.0.0.0:7379\"\n", &folder);
        let settings = status.keyspaces.hub().settings();
        begin_at(settings, place::MAXCLIENTS, "9");
        parameters.rewrite(settings).unwrap();
        let written = fs::read_to_string(folder.path().join("larder.toml")).unwrap();
        assert!(written.contains("maxclients = 9"), "{written}");
    }

    #[test]
    fn what_would_not_start_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (status, parameters) = configured("data = \".\"\n", &folder);
        let settings = status.keyspaces.hub().settings();
        begin_at(settings, place::PROTO_MAX_BULK_LEN, "100gb");
        let Err(NotRewritten::Failed(reason)) = parameters.rewrite(settings) else {
            panic!("it was written")
        };
        assert!(reason.contains("input_bytes_max"), "{reason}");
        let kept = fs::read_to_string(folder.path().join("larder.toml")).unwrap();
        assert_eq!(kept, "data = \".\"\n");
    }

    #[test]
    fn a_file_that_is_gone_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (status, parameters) = configured("data = \".\"\n", &folder);
        fs::remove_file(folder.path().join("larder.toml")).unwrap();
        let settings = status.keyspaces.hub().settings();
        begin_at(settings, place::MAXCLIENTS, "9");
        let failed = parameters.rewrite(settings);
        assert!(matches!(failed, Err(NotRewritten::Failed(_))), "{failed:?}");
    }
}
