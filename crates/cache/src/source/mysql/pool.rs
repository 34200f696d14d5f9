//! The connections of a database: bounded, made when needed, kept while they are well.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, Opts, OptsBuilder, SslOpts};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::error::source_error;
use super::options::MysqlOptions;
use super::queries::Counters;
use super::session::Session;
use crate::runtime::answered;
use crate::source::{SourceError, SourceErrorKind, TlsMode};

/// Statements that a connection keeps prepared.
const STATEMENTS_KEPT: usize = 32;

/// Where systems keep the certificates of the authorities that they trust.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

pub(super) struct Pool {
    /// How to connect; the first that succeeds.
    ways: Vec<Opts>,
    options: MysqlOptions,
    idle: Mutex<Vec<Session>>,
    places: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Pool {
    pub(super) fn new(
        url: &str,
        options: MysqlOptions,
        counters: Arc<Counters>,
    ) -> Result<Self, SourceError> {
        let ways = ways(url, &options).map_err(|error| source_error(&error))?;
        let places = Arc::new(Semaphore::new(options.pool_max));
        Ok(Self { ways, options, idle: Mutex::default(), places, counters })
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        self.ways.first().and_then(Opts::db_name).unwrap_or_default()
    }

    /// A connection, which may have been used before.
    pub(super) async fn take(&self) -> Result<Session, SourceError> {
        let waiting = self.places.clone().acquire_owned();
        let place = match answered(self.options.pool_timeout, waiting).await {
            Some(Ok(place)) => place,
            Some(Err(_)) => return Err(unavailable("the MySQL database is closed")),
            None => {
                let sentence = "every connection to MySQL is in use; slow down or enlarge the pool";
                return Err(unavailable(sentence));
            }
        };
        let idle = self.idle.lock().pop();
        let mut session = match idle {
            Some(session) => session,
            None => self.connect().await?,
        };
        session.place = Some(place);
        Ok(session)
    }

    /// Takes a session back. One that is broken is closed, and so are those that wait: what broke it
    /// broke them too.
    pub(super) fn give_back(&self, mut session: Session) {
        let place = session.place.take();
        if session.broken {
            self.idle.lock().clear();
        } else if !self.places.is_closed() {
            session.proven = false;
            self.idle.lock().push(session);
        }
        drop(place);
    }

    /// Hands out no more connections and closes those that nobody uses.
    pub(super) fn close(&self) {
        self.places.close();
        self.idle.lock().clear();
    }

    async fn connect(&self) -> Result<Session, SourceError> {
        match answered(self.options.connect_timeout, self.try_connect()).await {
            Some(session) => session.map_err(|error| source_error(&error)),
            None => Err(unavailable("the MySQL server did not answer a new connection in time")),
        }
    }

    async fn try_connect(&self) -> Result<Session, Error> {
        let mut connected = Err(DriverError::ConnectionClosed.into());
        for way in &self.ways {
            connected = Conn::new(way.clone()).await;
            if !matches!(connected, Err(Error::Driver(DriverError::NoClientSslFlagFromServer))) {
                break;
            }
        }
        let mut connection: Conn = connected?;
        let asked =
            connection.query_first("SELECT @@max_allowed_packet, VERSION() LIKE '%MariaDB%'");
        let (packet_max, is_mariadb) = asked.await?.unwrap_or_default();
        self.counters.connections.add_one();
        Ok(Session {
            connection,
            proven: true,
            stale: false,
            broken: false,
            is_mariadb,
            packet_max,
            statement_timeout: self.options.statement_timeout,
            counters: self.counters.clone(),
            place: None,
        })
    }
}

fn unavailable(sentence: &str) -> SourceError {
    SourceError::new(SourceErrorKind::Unavailable, sentence)
}

/// With TLS, without, or first with and then without.
fn ways(url: &str, options: &MysqlOptions) -> Result<Vec<Opts>, Error> {
    let given = Opts::from_url(url)?;
    let plain = || {
        let password = options.password.clone().or(given.pass().map(str::to_owned));
        OptsBuilder::from_opts(given.clone())
            .pass(password)
            .prefer_socket(false)
            .client_found_rows(true)
            .stmt_cache_size(STATEMENTS_KEPT)
            .tcp_keepalive(Some(Duration::from_secs(60)))
            .init(session_setup(options.statement_timeout))
            .ssl_opts(None)
    };
    let encrypted = || plain().ssl_opts(tls(options)).into();
    Ok(match options.tls {
        TlsMode::Disable => vec![plain().into()],
        TlsMode::Prefer => vec![encrypted(), plain().into()],
        TlsMode::Require | TlsMode::VerifyFull => vec![encrypted()],
    })
}

fn tls(options: &MysqlOptions) -> SslOpts {
    let verifies = options.tls == TlsMode::VerifyFull;
    let trusted = || TRUSTED.iter().map(Path::new).find(|file| file.exists()).map(Path::to_owned);
    let authorities = options.authorities.clone().or_else(trusted).filter(|_| verifies);
    SslOpts::default()
        .with_danger_accept_invalid_certs(!verifies)
        .with_danger_skip_domain_validation(!verifies)
        .with_disable_built_in_roots(authorities.is_some())
        .with_root_certs(authorities.into_iter().map(Into::into).collect())
}

/// What a session needs so that one value always means the same.
///
/// Comments of the form `/*M! */` are for MariaDB alone. Of versions from 80000 on, `/*! */` is for
/// MySQL alone.
fn session_setup(statement_timeout: Duration) -> Vec<String> {
    let (seconds, milliseconds) = (statement_timeout.as_secs_f64(), statement_timeout.as_millis());
    let whole_seconds = statement_timeout.as_secs().max(1);
    vec![
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin".to_owned(),
        format!(
            "SET SESSION time_zone = '+00:00', autocommit = 1, \
             sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,\
             NO_AUTO_VALUE_ON_ZERO', \
             innodb_lock_wait_timeout = {whole_seconds} \
             /*M!100300 , in_predicate_conversion_threshold = 0, max_statement_time = {seconds} */ \
             /*!80000 , max_execution_time = {milliseconds} */"
        ),
        // Locks no gaps between rows: batches that put neighbouring keys do not deadlock.
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
    ]
}
