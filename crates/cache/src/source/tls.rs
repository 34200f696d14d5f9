//! Encryption on the way to a database server.

/// Whether a connection to a database server is encrypted, and whether the server has to prove that it
/// is the one that was asked for.
///
/// ```
/// use larder::source::TlsMode;
///
/// assert_eq!(TlsMode::default(), TlsMode::Prefer);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// It is not encrypted.
    Disable,
    /// It is when the server can. Who listens in is kept out, who stands in between is not.
    #[default]
    Prefer,
    /// It is, or there is no connection. The certificate is not looked at.
    Require,
    /// It is, and the certificate has to be one for this host from an authority that is trusted.
    VerifyFull,
}
