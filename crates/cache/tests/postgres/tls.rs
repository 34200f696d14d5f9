//! Encryption, and who the server has to be.

use larder::source::postgres::{Postgres, PostgresOptions};
use larder::source::{SourceErrorKind, TlsMode};
use larder_kit::Options;
use larder_kit::postgres::{Server, shared};

const IS_ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

async fn is_encrypted(url: &str, options: PostgresOptions) -> bool {
    let postgres = Postgres::connect(url, options).await.unwrap();
    postgres.client().await.unwrap().query_one(IS_ENCRYPTED, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_connection_is_as_safe_as_was_asked_for() {
    let server: Server = Server::start_with(Options::default().durable(false).tls(true)).unwrap();
    let certificates = server.certificates().unwrap();
    let options = |mode| PostgresOptions::default().tls(mode);
    let url = server.url();
    assert!(!is_encrypted(&url, options(TlsMode::Disable)).await);
    assert!(is_encrypted(&url, options(TlsMode::Prefer)).await);
    assert!(is_encrypted(&url, options(TlsMode::Require)).await);
    let known = options(TlsMode::VerifyFull).authorities(certificates.authority());
    assert!(is_encrypted(&url, known).await);
    let said =
        format!("{url}?sslmode=verify-full&sslrootcert={}", certificates.authority().display());
    assert!(is_encrypted(&said, PostgresOptions::default()).await);
    for distrusted in [
        options(TlsMode::VerifyFull).authorities(certificates.stranger()),
        options(TlsMode::VerifyFull),
    ] {
        let error = Postgres::connect(&url, distrusted).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    let url = shared().url();
    let error = Postgres::connect(&url, PostgresOptions::default().tls(TlsMode::Require)).await;
    assert!(error.is_err());
    assert!(!is_encrypted(&url, PostgresOptions::default().tls(TlsMode::Prefer)).await);
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_a_matter_of_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for file in [folder.path().join("missing.pem"), empty] {
        let options = PostgresOptions::default().tls(TlsMode::VerifyFull).authorities(file);
        let error = Postgres::connect(&shared().url(), options).await.unwrap_err();
        assert_eq!(error.kind(), SourceErrorKind::Misconfigured, "{error}");
    }
}
