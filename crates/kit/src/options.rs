//! How a server is started.

/// How a server is started.
///
/// ```
/// use larder_kit::Options;
///
/// let options = Options::default().durable(false).tls(true);
/// # drop(options);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Options {
    pub(crate) durable: bool,
    pub(crate) tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { durable: true, tls: false }
    }
}

impl Options {
    /// Whether a commit is synced to the disk, as it is unless told. Not to sync is quicker and loses
    /// nothing when a process dies, only when the machine does.
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Whether it speaks TLS too, with the certificate of [`Server::certificates`](crate::Server::certificates).
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }
}
