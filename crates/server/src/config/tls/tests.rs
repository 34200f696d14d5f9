//! What `[tls]` may say.

use super::*;
use crate::config::{Config, ConfigText, Overrides};

const EXAMPLE: &str = include_str!("../../../../../larder.example.toml");

const TLS: &str = "listen = '127.0.0.1:2'\ncert = 'c'\nkey = 'k'\n";

fn parse(lines: &str) -> Result<Config, String> {
    let text = ConfigText::new("f", format!("[tls]\n{lines}"));
    text.parse(&Overrides::default()).map_err(|report| text.render(&report))
}

fn tls(lines: &str) -> TlsConfig {
    parse(&format!("{TLS}{lines}")).unwrap().tls.unwrap()
}

#[track_caller]
fn is_refused(lines: &str, place: &str, why: &str) {
    let problem = parse(lines).unwrap_err();
    let expected = format!("f:{place}: ");
    assert!(problem.starts_with(&expected) && problem.contains(why), "{problem}");
    assert_eq!(problem.matches("f:").count(), 1, "one problem: {problem}");
}

#[test]
fn little_needs_to_be_said() {
    let tls = tls("");
    assert_eq!(tls.listen[0].address.to_string(), "127.0.0.1:2");
    assert_eq!((tls.cert.get_ref(), tls.key.get_ref()), (&"c".into(), &"k".into()));
    assert!(matches!(tls.client_auth, ClientAuth::No));
    assert_eq!(tls.versions, [TlsVersion::V1_2, TlsVersion::V1_3]);
    assert_eq!(tls.handshake_timeout, HANDSHAKE_TIMEOUT);
}

#[test]
fn authorities_are_there_to_be_asked_for() {
    let named = |auth: ClientAuth| match auth {
        ClientAuth::No => None,
        ClientAuth::Optional(file) => Some(("optional", file.into_inner())),
        ClientAuth::Required(file) => Some(("required", file.into_inner())),
    };
    let auth = |lines: &str| named(tls(lines).client_auth);
    assert_eq!(auth("client_ca = 'a'"), Some(("required", "a".into())));
    assert_eq!(auth("client_ca = 'a'\nclient_auth = 'required'"), Some(("required", "a".into())));
    assert_eq!(auth("client_ca = 'a'\nclient_auth = 'optional'"), Some(("optional", "a".into())));
    assert_eq!(auth("client_auth = 'no'"), None);
}

#[test]
fn versions_are_chosen() {
    assert_eq!(tls("versions = ['1.3']").versions, [TlsVersion::V1_3]);
    assert_eq!(tls("versions = '1.2'").versions, [TlsVersion::V1_2]);
    for wrong in ["[]", "['1.1']", "['1.2', '1.2']", "1.2", "['1.2', '1.3', '1.2']"] {
        is_refused(&format!("{TLS}versions = {wrong}"), "5:12", "expected [\"1.2\", \"1.3\"]");
    }
}

#[test]
fn what_is_missing_is_named() {
    is_refused("cert = 'c'\nkey = 'k'", "1:2", "[tls] needs an address of its own");
    is_refused("listen = []\ncert = 'c'\nkey = 'k'", "2:1", "name an address, or remove [tls]");
    is_refused("listen = '[::1]:1'\nkey = 'k'", "1:2", "needs the file with its certificate");
    is_refused("listen = '[::1]:1'\ncert = 'c'", "1:2", "needs the file with its key");
    for auth in ["optional", "required"] {
        let lines = format!("{TLS}client_auth = '{auth}'");
        is_refused(&lines, "1:2", "needs the authorities of its clients' certificates");
    }
}

#[test]
fn contradictions_are_refused() {
    let unused = format!("{TLS}client_ca = 'a'\nclient_auth = 'no'");
    is_refused(&unused, "5:1", "client_ca has no use with client_auth = \"no\"");
    is_refused(&format!("{TLS}client_auth = 'yes'"), "5:15", "\"yes\" is not known");
    is_refused(&format!("{TLS}handshake_timeout = '0s'"), "5:21", "a duration above zero");
    let repeated = TLS.replace(":2", ":7379");
    is_refused(&repeated, "2:10", "127.0.0.1:7379 is named twice");
}

#[test]
fn other_machines_need_a_certificate() {
    let open = TLS.replace("127.0.0.1", "0.0.0.0");
    for auth in ["", "client_auth = 'optional'\nclient_ca = 'a'"] {
        let why = "0.0.0.0:2 can be reached from other machines, and TLS alone lets in whoever";
        is_refused(&format!("{open}{auth}"), "2:10", why);
    }
    parse(&format!("{open}client_auth = 'required'\nclient_ca = 'a'")).unwrap();
}

#[test]
fn tls_may_be_all_there_is() {
    let text = ConfigText::new("f", format!("listen = []\n[tls]\n{TLS}"));
    let config = text.parse(&Overrides::default()).unwrap();
    let addresses: Vec<_> = config.listeners().map(|listen| listen.address.port()).collect();
    assert_eq!(addresses, [2]);
}

#[test]
fn the_example_names_every_option_and_its_default() {
    let block = EXAMPLE.lines().skip_while(|line| *line != "#     [tls]");
    let lines = block.map_while(|line| line.strip_prefix("#     ")).skip(1);
    let example = parse(&lines.collect::<Vec<_>>().join("\n")).unwrap().tls.unwrap();
    let without = tls("client_ca = 'a'");
    assert!(matches!(example.client_auth, ClientAuth::Required(_)));
    assert_eq!(example.versions, without.versions);
    assert_eq!(example.handshake_timeout, without.handshake_timeout);
    let options =
        ["listen", "cert", "key", "client_ca", "client_auth", "versions", "handshake_timeout"];
    for option in options {
        assert!(EXAMPLE.contains(&format!("#     {option} = ")), "{option}");
    }
}
