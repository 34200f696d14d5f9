//! Who may connect, and do what.

use std::fs;

use crate::kit::{STRATEGIES, Setup, on_every_model};
use crate::process::Process;

const NO_AUTH: &str = "-NOAUTH Authentication required.";
const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.";

#[test]
fn nobody_does_anything_before_the_password() {
    on_every_model(|setup| {
        let larder = setup.config(&format!("auth.password = \"s3cret\"\n{STRATEGIES}")).start();
        larder.wire().talk(&[
            ("GET a", NO_AUTH),
            ("SET through:a 1", NO_AUTH),
            ("INFO", NO_AUTH),
            ("MULTI", NO_AUTH),
            ("SUBSCRIBE a", NO_AUTH),
            ("AUTH wrong", WRONG),
            ("AUTH default wrong", WRONG),
            ("AUTH nobody s3cret", WRONG),
            ("HELLO 3", "-NOAUTH HELLO must be called*"),
            ("GET a", NO_AUTH),
            ("AUTH s3cret", "OK"),
            ("SET through:a 1", "OK"),
            ("GET through:a", "1"),
            ("RESET", "RESET"),
            ("GET a", NO_AUTH),
        ]);
        assert!(larder.redis_cli(&["-a", "s3cret", "PING"]).contains("PONG"));
        assert!(!larder.setup().log().contains("s3cret"));
    });
}

#[test]
fn the_password_can_stand_in_a_file_or_in_the_environment() {
    let setup = Setup::new("reactors").config("auth.password_file = \"password\"");
    fs::write(setup.path("password"), "from file\nand not this\n").unwrap();
    let larder = setup.start();
    assert_eq!(larder.wire().ask_with(&[b"AUTH", b"from file"]), "OK");
    let setup = larder.stop();
    let larder = setup.environment("LARDER_PASSWORD", "from-environment").start();
    larder.wire().talk(&[("PING", NO_AUTH), ("AUTH from-environment", "OK")]);
}

#[test]
fn users_of_a_file_do_what_their_rules_say() {
    on_every_model(|setup| {
        let users = "user default off\n\
                     user ann on >a +@all ~*\n\
                     user bob on >b +@read +@connection ~through:*\n";
        let config = format!("auth.users_file = \"users.acl\"\n{STRATEGIES}");
        let setup = setup.config(&config);
        fs::write(setup.path("users.acl"), users).unwrap();
        let larder = setup.start();
        let mut ann = larder.wire();
        ann.talk(&[("PING", NO_AUTH), ("AUTH ann a", "OK"), ("SET through:a 1", "OK")]);
        let mut bob = larder.wire();
        bob.talk(&[
            ("AUTH bob b", "OK"),
            ("GET through:a", "1"),
            ("SET through:a 2", "-NOPERM this user has no permissions to run the 'set' command"),
            ("GET behind:a", "-NOPERM this user has no permissions to access one of the keys*"),
            ("ACL WHOAMI", "-NOPERM*"),
        ]);
        ann.talk(&[("ACL SETUSER bob +set", "OK"), ("ACL SAVE", "OK")]);
        bob.talk(&[("SET through:a 2", "OK")]);
        let kept = fs::read_to_string(larder.setup().path("users.acl")).unwrap();
        assert!(kept.contains("+set") && !kept.contains(">b"), "{kept}");
        fs::write(larder.setup().path("users.acl"), "user default off\nuser ann on >a +@all ~*\n")
            .unwrap();
        larder.hang_up();
        ann.until("ACL GETUSER bob", "nil");
        assert_eq!(larder.wire().ask("AUTH bob b"), WRONG);
        fs::write(larder.setup().path("users.acl"), "user default off\nuser ann maybe\n").unwrap();
        assert!(ann.ask("ACL LOAD").contains("users.acl:2"));
        assert_eq!(ann.ask("ACL WHOAMI"), "ann");
    });
}

#[test]
fn what_is_wrong_with_passwords_and_users_is_said() {
    let refused = |config: &str, message: &str| {
        let setup = Setup::new("reactors").config(config);
        fs::write(setup.path("empty"), "\n").unwrap();
        fs::write(setup.path("bad.acl"), "user ann maybe\n").unwrap();
        let output = Process::output(&mut setup.command(&[]));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(message), "{message} in {stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
    };
    let two = "[auth]\npassword = \"s3cret\"\npassword_file = \"empty\"";
    refused(two, "larder.toml:3:17: password_file: password is given too");
    let both = "[auth]\npassword = \"s3cret\"\nusers_file = \"bad.acl\"";
    refused(both, "the password of the user 'default' stands there");
    refused("auth.password_file = \"none\"", "password_file: cannot read none");
    refused("auth.password_file = \"empty\"", "empty begins with an empty line");
    refused("auth.users_file = \"bad.acl\"", "bad.acl:1");
    refused("auth.password = 5", "password: expected a text in quotes");
}

#[test]
fn other_machines_are_let_in_only_with_a_password() {
    let setup = Setup::new("reactors");
    let output = Process::output(&mut setup.larder(&["serve", "--listen", "0.0.0.0:0"]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("can be reached from other machines"), "{stderr}");
    assert!(stderr.contains("set a password"), "{stderr}");
    fs::write(setup.path("open.acl"), "user default on nopass +@all ~*\n").unwrap();
    fs::write(setup.path("larder.toml"), "listen = \"0.0.0.0:0\"\nauth.users_file = \"open.acl\"")
        .unwrap();
    let output = Process::output(&mut setup.larder(&["serve", "--config", "larder.toml"]));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("the user 'default' of open.acl needs no password"), "{stderr}");
    let larder = Setup::new("reactors")
        .config("listen = \"0.0.0.0:0\"\nauth.password = \"s3cret\"")
        .listening_as_configured()
        .start();
    assert!(larder.greeting.contains("0.0.0.0:"), "{}", larder.greeting);
    larder.wire().talk(&[("PING", NO_AUTH), ("AUTH s3cret", "OK")]);
}
