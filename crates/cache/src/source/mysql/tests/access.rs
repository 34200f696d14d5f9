//! Who may connect, and how safely.

use larder_kit::Options;
use larder_kit::mariadb::Server;

use super::*;
use crate::source::TlsMode;

async fn connect(url: &str, options: MysqlOptions) -> Result<Mysql, SourceError> {
    Mysql::connect(url, options).await
}

#[tokio::test]
async fn whoever_is_refused_has_to_change_something() {
    let url = shared().database().unwrap().url();
    let password = MysqlOptions::default().password("wrong");
    let nowhere = url.rsplit_once('/').unwrap().0.to_owned();
    for (url, options) in [
        (url.clone(), password),
        (format!("{nowhere}/nowhere"), MysqlOptions::default()),
        (nowhere, MysqlOptions::default()),
        ("mysql:/shop".to_owned(), MysqlOptions::default()),
        ("postgres://larder@localhost/shop".to_owned(), MysqlOptions::default()),
    ] {
        let refused = connect(&url, options).await;
        assert_eq!(kind(refused), Some(SourceErrorKind::Misconfigured), "{url}");
    }
}

#[tokio::test]
async fn a_password_need_not_stand_in_the_address() {
    let url = shared().database().unwrap().url().replace("larder:larder@", "larder@");
    assert!(connect(&url, MysqlOptions::default()).await.is_err());
    connect(&url, MysqlOptions::default().password("larder")).await.unwrap();
}

#[test]
fn there_is_no_database_without_a_tokio_runtime() {
    let connecting = connect("mysql://larder@localhost/shop", MysqlOptions::default());
    let refused = futures_util::FutureExt::now_or_never(connecting).unwrap();
    assert_eq!(kind(refused), Some(SourceErrorKind::Misconfigured));
}

#[tokio::test]
async fn a_server_that_speaks_tls_has_to_be_the_one_that_was_asked_for() {
    let server = Server::start_with(Options::default().durable(false).tls(true)).unwrap();
    let certificates = server.certificates().unwrap();
    let url = server.database().unwrap().url();
    let verifying = MysqlOptions::default().tls(TlsMode::VerifyFull);
    let verified = connect(&url, verifying.clone().authorities(certificates.authority())).await;
    assert_eq!(cipher(&verified.unwrap()).await, Cipher::Some);
    for distrusting in [verifying.clone().authorities(certificates.stranger()), verifying] {
        let refused = connect(&url, distrusting).await;
        assert_eq!(kind(refused), Some(SourceErrorKind::Misconfigured));
    }
    for (mode, expected) in [
        (TlsMode::Prefer, Cipher::Some),
        (TlsMode::Require, Cipher::Some),
        (TlsMode::Disable, Cipher::None),
    ] {
        let mysql = connect(&url, MysqlOptions::default().tls(mode)).await.unwrap();
        assert_eq!(cipher(&mysql).await, expected, "{mode:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_used_only_where_that_is_allowed() {
    let url = shared().database().unwrap().url();
    let preferring = connect(&url, MysqlOptions::default().tls(TlsMode::Prefer)).await.unwrap();
    assert_eq!(cipher(&preferring).await, Cipher::None);
    let requiring = connect(&url, MysqlOptions::default().tls(TlsMode::Require)).await;
    assert_eq!(kind(requiring), Some(SourceErrorKind::Misconfigured));
}

#[derive(Debug, PartialEq)]
enum Cipher {
    Some,
    None,
}

async fn cipher(mysql: &Mysql) -> Cipher {
    use futures_util::FutureExt;
    let asked = mysql.perform(SourceErrorKind::Unavailable, |session| {
        async move {
            let sql = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS \
                       WHERE VARIABLE_NAME = 'SSL_CIPHER' AND VARIABLE_VALUE <> ''";
            session.rows(sql, Vec::new()).await.map(|rows| rows.len())
        }
        .boxed()
    });
    match asked.await.unwrap() {
        0 => Cipher::None,
        _ => Cipher::Some,
    }
}
