//! How a PostgreSQL server is reached.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::source::error::misconfigured;
use crate::source::{SourceError, TlsMode};

/// How a PostgreSQL server is reached. The defaults suit a server in the same network.
///
/// ```
/// use std::time::Duration;
///
/// use larder::source::TlsMode;
/// use larder::source::postgres::PostgresOptions;
///
/// let options = PostgresOptions::default()
///     .pool_max(4)
///     .statement_timeout(Duration::from_secs(2))
///     .tls(TlsMode::VerifyFull);
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    pub(super) pool_max: usize,
    pub(super) connect_timeout: Duration,
    pub(super) pool_timeout: Duration,
    pub(super) statement_timeout: Duration,
    application_name: String,
    password: Option<Secret>,
    tls: Option<TlsMode>,
    authorities: Option<PathBuf>,
}

/// A password, which is never shown.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("...")
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            pool_max: 16,
            connect_timeout: Duration::from_secs(5),
            pool_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            application_name: "larder".to_owned(),
            password: None,
            tls: None,
            authorities: None,
        }
    }
}

impl PostgresOptions {
    /// Most connections that one pool may have.
    pub const POOL_MAX: usize = 1024;

    /// How many connections there are at most: 16 unless told. They are made when they are needed.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// let options = PostgresOptions::default().pool_max(4);
    /// # drop(options);
    /// ```
    pub fn pool_max(mut self, connections: usize) -> Self {
        self.pool_max = connections;
        self
    }

    /// How long making a connection may take: 5 s unless told.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// # use std::time::Duration;
    /// let options = PostgresOptions::default().connect_timeout(Duration::from_secs(1));
    /// # drop(options);
    /// ```
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call waits for a connection when all are in use, before it fails with
    /// [`SourceErrorKind::Unavailable`](crate::source::SourceErrorKind::Unavailable): 5 s unless told.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// # use std::time::Duration;
    /// let options = PostgresOptions::default().pool_timeout(Duration::from_secs(1));
    /// # drop(options);
    /// ```
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// How long a statement may take, its waiting for locks included, before the server gives it up:
    /// 30 s unless told. A server that does not even say so is not waited for much longer.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// # use std::time::Duration;
    /// let options = PostgresOptions::default().statement_timeout(Duration::from_secs(2));
    /// # drop(options);
    /// ```
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// What the server calls these connections: `larder` unless told, or what the address says.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// let options = PostgresOptions::default().application_name("shop-cache");
    /// # drop(options);
    /// ```
    pub fn application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = name.into();
        self
    }

    /// The password, which then need not stand in the address.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// let options = PostgresOptions::default().password("s3cret");
    /// assert!(!format!("{options:?}").contains("s3cret"));
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret(password.into()));
        self
    }

    /// Whether connections are encrypted. Unless told, what the address says as `sslmode`, or
    /// [`TlsMode::Prefer`].
    ///
    /// ```
    /// # use larder::source::TlsMode;
    /// # use larder::source::postgres::PostgresOptions;
    /// let options = PostgresOptions::default().tls(TlsMode::Require);
    /// # drop(options);
    /// ```
    pub fn tls(mut self, mode: TlsMode) -> Self {
        self.tls = Some(mode);
        self
    }

    /// A file with the certificates of the authorities that [`TlsMode::VerifyFull`] trusts, instead of
    /// those that the system trusts. Unless told, what the address says as `sslrootcert`.
    ///
    /// ```
    /// # use larder::source::postgres::PostgresOptions;
    /// let options = PostgresOptions::default().authorities("/etc/larder/database-ca.pem");
    /// # drop(options);
    /// ```
    pub fn authorities(mut self, file: impl Into<PathBuf>) -> Self {
        self.authorities = Some(file.into());
        self
    }
}

/// An address and options, put together.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: TlsMode,
    pub(super) authorities: Option<PathBuf>,
}

impl Target {
    /// Reads `url`, which says what `options` do not.
    pub(super) fn new(url: &str, options: &PostgresOptions) -> Result<Self, SourceError> {
        if !(1..=PostgresOptions::POOL_MAX).contains(&options.pool_max) {
            let (most, asked) = (PostgresOptions::POOL_MAX, options.pool_max);
            return Err(misconfigured(format!("a pool has 1 to {most} connections, not {asked}")));
        }
        let address = Address::read(url)?;
        let mut config: Config = address.rest.parse().map_err(|error| unreadable(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(misconfigured("the address of the PostgreSQL server names no host"));
        }
        let tls = options.tls.or(address.tls).unwrap_or_default();
        config.ssl_mode(match tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyFull => SslMode::Require,
        });
        if let Some(Secret(password)) = &options.password {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name(&options.application_name);
        }
        config.connect_timeout(options.connect_timeout);
        config.tcp_user_timeout(deadline(options));
        let settings = settings(config.get_options(), options);
        config.options(settings);
        let authorities = options.authorities.clone().or(address.authorities);
        Ok(Self { config, tls, authorities })
    }
}

/// What the library says of an address is the name of an option, never a password.
fn unreadable(error: &tokio_postgres::Error) -> SourceError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    misconfigured(format!("the address of the PostgreSQL server cannot be read: {error}{cause}"))
}

/// How long an answer is waited for: a server that can say so gives a statement up before.
pub(super) fn deadline(options: &PostgresOptions) -> Duration {
    options.statement_timeout + options.connect_timeout
}

/// What a session is told when it begins. Text that stands for a moment or a number has to have one
/// form, whatever the server's own settings are, because it may be a key.
fn settings(own: Option<&str>, options: &PostgresOptions) -> String {
    let (statement, idle) = (options.statement_timeout, deadline(options));
    format!(
        "{} -c statement_timeout={} -c idle_in_transaction_session_timeout={} -c TimeZone=UTC \
         -c DateStyle=ISO,YMD -c IntervalStyle=iso_8601 -c extra_float_digits=1",
        own.unwrap_or_default(),
        statement.as_millis().max(1),
        idle.as_millis().max(1),
    )
}

/// An address without what only larder understands of it.
struct Address {
    rest: String,
    tls: Option<TlsMode>,
    authorities: Option<PathBuf>,
}

impl Address {
    fn read(url: &str) -> Result<Self, SourceError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut address = Self { rest: base.to_owned(), tls: None, authorities: None };
        let mut others = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", mode)) => address.tls = Some(tls_mode(mode)?),
                Some(("sslrootcert", file)) => address.authorities = Some(file.into()),
                _ => others.push(part),
            }
        }
        if !others.is_empty() {
            address.rest = format!("{base}?{}", others.join("&"));
        }
        Ok(address)
    }
}

fn tls_mode(word: &str) -> Result<TlsMode, SourceError> {
    match word {
        "disable" => Ok(TlsMode::Disable),
        "prefer" => Ok(TlsMode::Prefer),
        "require" => Ok(TlsMode::Require),
        "verify-full" => Ok(TlsMode::VerifyFull),
        _ => Err(misconfigured(format!(
            "sslmode is disable, prefer, require or verify-full, not {word:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::new(url, &PostgresOptions::default()).unwrap()
    }

    fn refused(url: &str, options: &PostgresOptions) -> String {
        Target::new(url, options).unwrap_err().message().to_owned()
    }

    #[test]
    fn the_address_says_whether_to_encrypt_and_whom_to_trust() {
        let plain = target("postgres://u@h/d");
        assert_eq!((plain.tls, plain.config.get_ssl_mode()), (TlsMode::Prefer, SslMode::Prefer));
        let safe =
            target("postgres://u@h/d?sslmode=verify-full&sslrootcert=ca.pem&connect_timeout=3");
        assert_eq!((safe.tls, safe.config.get_ssl_mode()), (TlsMode::VerifyFull, SslMode::Require));
        assert_eq!(safe.authorities, Some("ca.pem".into()));
    }

    #[test]
    fn options_are_stronger_than_the_address() {
        let options = PostgresOptions::default().tls(TlsMode::Disable).password("other");
        let target = Target::new("postgres://u:own@h/d?sslmode=require", &options).unwrap();
        assert_eq!(target.tls, TlsMode::Disable);
        assert_eq!(target.config.get_password(), Some(b"other".as_slice()));
    }

    #[test]
    fn a_session_is_told_its_limits_and_its_forms() {
        let target = target("postgres://u@h/d?options=-c%20geqo%3Doff&application_name=shop");
        let settings = target.config.get_options().unwrap();
        assert!(settings.starts_with("-c geqo=off -c statement_timeout=30000 "), "{settings}");
        assert_eq!(target.config.get_application_name(), Some("shop"));
    }

    #[test]
    fn what_cannot_be_is_refused_and_says_what_can() {
        let options = PostgresOptions::default();
        assert!(refused("postgres://u@h/d?sslmode=maybe", &options).contains("verify-full"));
        assert!(refused("postgres:///d", &options).contains("names no host"));
        let secret = refused("postgres://u:s3cret@h/d?nonsense=1", &options);
        assert!(secret.contains("nonsense") && !secret.contains("s3cret"), "{secret}");
        let none = refused("postgres://u@h/d", &options.pool_max(0));
        assert!(none.contains("1 to 1024"), "{none}");
    }
}
