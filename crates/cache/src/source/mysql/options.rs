//! How a MySQL or MariaDB server is talked to.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::source::error::misconfigured;
use crate::source::{SourceError, TlsMode};

/// How a MySQL or MariaDB server is talked to. The defaults suit a server in the same building.
///
/// ```
/// use larder::source::TlsMode;
/// use larder::source::mysql::MysqlOptions;
/// use std::time::Duration;
///
/// let options = MysqlOptions::default()
///     .pool_max(32)
///     .statement_timeout(Duration::from_secs(5))
///     .tls(TlsMode::VerifyFull);
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct MysqlOptions {
    pub(super) password: Option<String>,
    pub(super) pool_max: usize,
    pub(super) connect_timeout: Duration,
    pub(super) pool_timeout: Duration,
    pub(super) statement_timeout: Duration,
    pub(super) tls: TlsMode,
    pub(super) authorities: Option<PathBuf>,
}

impl Default for MysqlOptions {
    fn default() -> Self {
        Self {
            password: None,
            pool_max: 16,
            connect_timeout: Duration::from_secs(5),
            pool_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            tls: TlsMode::Prefer,
            authorities: None,
        }
    }
}

impl MysqlOptions {
    /// Most connections that one pool may have.
    pub const POOL_MAX: usize = 1024;

    /// The password, when it does not stand in the URL.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// let options = MysqlOptions::default().password("swordfish");
    /// assert!(!format!("{options:?}").contains("swordfish"));
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// How many connections there are at most: 16 unless told. They are made when they are needed.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// let options = MysqlOptions::default().pool_max(4);
    /// # drop(options);
    /// ```
    pub fn pool_max(mut self, connections: usize) -> Self {
        self.pool_max = connections;
        self
    }

    /// How long making a connection may take: 5 s unless told.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// # use std::time::Duration;
    /// let options = MysqlOptions::default().connect_timeout(Duration::from_secs(1));
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
    /// # use larder::source::mysql::MysqlOptions;
    /// # use std::time::Duration;
    /// let options = MysqlOptions::default().pool_timeout(Duration::from_secs(1));
    /// # drop(options);
    /// ```
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// How long one statement may take, its waiting for locks included: 30 s unless told. A server
    /// that has not answered a moment later is given up, with the connection.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// # use std::time::Duration;
    /// let options = MysqlOptions::default().statement_timeout(Duration::from_secs(5));
    /// # drop(options);
    /// ```
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Whether connections are encrypted: when the server can ([`TlsMode::Prefer`]) unless told.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// # use larder::source::TlsMode;
    /// let options = MysqlOptions::default().tls(TlsMode::Require);
    /// # drop(options);
    /// ```
    pub fn tls(mut self, mode: TlsMode) -> Self {
        self.tls = mode;
        self
    }

    /// A file with the certificates of the authorities that [`TlsMode::VerifyFull`] trusts. Unless told,
    /// those that this machine trusts.
    ///
    /// ```
    /// # use larder::source::mysql::MysqlOptions;
    /// let options = MysqlOptions::default().authorities("/etc/larder/authority.pem");
    /// # drop(options);
    /// ```
    pub fn authorities(mut self, file: impl Into<PathBuf>) -> Self {
        self.authorities = Some(file.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), SourceError> {
        if !(1..=Self::POOL_MAX).contains(&self.pool_max) {
            let most = Self::POOL_MAX;
            let sentence = format!("a pool needs 1 to {most} connections, not {}", self.pool_max);
            return Err(misconfigured(sentence));
        }
        let timeouts = [self.connect_timeout, self.pool_timeout, self.statement_timeout];
        if timeouts.iter().any(Duration::is_zero) {
            return Err(misconfigured("nothing can be done in no time: give longer time-outs"));
        }
        Ok(())
    }
}

impl fmt::Debug for MysqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlOptions")
            .field("pool_max", &self.pool_max)
            .field("connect_timeout", &self.connect_timeout)
            .field("pool_timeout", &self.pool_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("tls", &self.tls)
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}
