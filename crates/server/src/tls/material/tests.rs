//! What is wrong with files, each told at its place.

use std::fs;

use rcgen::{CertificateParams, date_time_ymd};
use tempfile::TempDir;

use super::*;
use crate::config::{ConfigText, Overrides};
use crate::tls::testing::Authority;

/// A folder with good files.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("authority");
    authority.issue("server").write(folder.path(), "server");
    authority.issue("other").write(folder.path(), "other");
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2002, 1, 1);
    authority.issue_with("old", expired).write(folder.path(), "old");
    fs::write(folder.path().join("ca.crt"), authority.certificate()).unwrap();
    folder
}

/// What is said of a configuration that names these files of `folder`.
fn told(folder: &TempDir, cert: &str, key: &str, client_ca: &str) -> String {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key, client_ca) = (path(cert), path(key), path(client_ca));
    let text = format!(
        "[tls]\nlisten = '127.0.0.1:1'\ncert = '{cert}'\nkey = '{key}'\nclient_ca = '{client_ca}'\n"
    );
    let text = ConfigText::new("f", text);
    let config = text.parse(&Overrides::default()).unwrap();
    match load(&config.tls.unwrap()) {
        Ok(_) => String::new(),
        Err(report) => text.render(&report),
    }
}

#[track_caller]
fn is_told(told: &str, place: &str, name: &str, why: &str) {
    assert_eq!(told.matches("f:").count(), 1, "one problem: {told}");
    assert!(told.starts_with(&format!("f:{place}: ")) && told.contains(why), "{told}");
    assert!(told.contains(&format!("{name} ")), "{told}");
}

#[test]
fn files_that_fit_are_taken() {
    let folder = folder();
    assert_eq!(told(&folder, "server.crt", "server.key", "ca.crt"), "");
    let chain = ["server.crt", "ca.crt"].map(|name| fs::read(folder.path().join(name)).unwrap());
    fs::write(folder.path().join("chain.crt"), chain.concat()).unwrap();
    assert_eq!(told(&folder, "chain.crt", "server.key", "ca.crt"), "");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = folder();
    let missing = told(&folder, "none.crt", "server.key", "ca.crt");
    is_told(&missing, "3:8", "none.crt", "cannot be read: No such file");
    let missing = told(&folder, "server.crt", "none.key", "ca.crt");
    is_told(&missing, "4:7", "none.key", "cannot be read: No such file");
    let a_folder = told(&folder, "server.crt", "server.key", ".");
    is_told(&a_folder, "5:13", "", "cannot be read: Is a directory");
    let large = vec![b'x'; usize::try_from(FILE_BYTES_MAX).unwrap() + 1];
    fs::write(folder.path().join("large"), large).unwrap();
    is_told(&told(&folder, "large", "server.key", "ca.crt"), "3:8", "large", "is too large");
}

#[test]
fn every_wrong_file_is_told_at_once() {
    let told = told(&folder(), "none.crt", "none.key", "none");
    assert_eq!(told.matches("f:").count(), 3, "{told}");
}

#[test]
fn files_with_something_else_in_them_are_told() {
    let folder = folder();
    let swapped = told(&folder, "server.key", "server.key", "ca.crt");
    is_told(&swapped, "3:8", "server.key", "has no certificate in PEM");
    let swapped = told(&folder, "server.crt", "server.crt", "ca.crt");
    is_told(&swapped, "4:7", "server.crt", "has no private key in PEM");
    let no_authority = told(&folder, "server.crt", "server.key", "server.key");
    is_told(&no_authority, "5:13", "server.key", "has no certificate in PEM");
}

#[test]
fn damaged_files_are_told() {
    let folder = folder();
    let good = fs::read_to_string(folder.path().join("server.crt")).unwrap();
    let damage = |text: &str| {
        fs::write(folder.path().join("bad"), text).unwrap();
        told(&folder, "bad", "server.key", "ca.crt")
    };
    is_told(&damage(&good[..good.len() - 40]), "3:8", "bad", "is cut short");
    is_told(&damage(&good.replacen('M', "!", 1)), "3:8", "bad", "is damaged");
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    is_told(&damage(empty), "3:8", "bad", "has a certificate that is no X.509 certificate");
    let authority = told(&folder, "server.crt", "server.key", "bad");
    is_told(&authority, "5:13", "bad", "has a certificate that cannot be an authority's");
    let key = empty.replace("CERTIFICATE", "PRIVATE KEY");
    fs::write(folder.path().join("bad"), key).unwrap();
    let key = told(&folder, "server.crt", "bad", "ca.crt");
    is_told(&key, "4:7", "bad", "has a key that cannot be used");
}

#[test]
fn an_encrypted_key_is_told() {
    let folder = folder();
    let text = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(folder.path().join("bad"), text).unwrap();
    is_told(&told(&folder, "server.crt", "bad", "ca.crt"), "4:7", "bad", "is encrypted");
}

#[test]
fn a_key_of_another_certificate_is_told() {
    let told = told(&folder(), "server.crt", "other.key", "ca.crt");
    is_told(&told, "4:7", "other.key", "is not the key of the certificate in ");
}

#[test]
fn an_expired_certificate_is_told() {
    let told = told(&folder(), "old.crt", "old.key", "ca.crt");
    is_told(&told, "3:8", "old.crt", "has a certificate that has expired at 2002-01-01T00:00:00Z");
}
