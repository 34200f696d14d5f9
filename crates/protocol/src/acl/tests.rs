//! Users as sessions see them.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::prelude::*;

use crate::acl::{Identity, User, Users, UsersFile};
use crate::args::Spans;
use crate::command::resolve;
use crate::error::Error;
use crate::frame::inline;

/// A user called `bob` with these rules.
#[track_caller]
fn bob(rules: &str) -> Arc<User> {
    let users = Users::default();
    set(&users, "bob", rules).unwrap();
    users.find(b"bob").unwrap()
}

fn set(users: &Users, name: &str, rules: &str) -> Result<(), Error> {
    let rules: Vec<&[u8]> = rules.split_whitespace().map(str::as_bytes).collect();
    users.set(name.as_bytes(), &rules)
}

/// The error of a request, if the user may not make it.
#[track_caller]
fn denial(user: &User, request: &str) -> Option<String> {
    let (mut text, mut spans) = (Vec::new(), Spans::default());
    inline::split(request.as_bytes(), &mut text, &mut spans).unwrap();
    let args = spans.args(&text);
    let denied = user.permits(resolve(&args).unwrap(), args).err();
    denied.map(|denied| denied.error().to_string())
}

#[track_caller]
fn allows(user: &User, requests: &[&str]) {
    for request in requests {
        assert_eq!(denial(user, request), None, "{request}");
    }
}

#[track_caller]
fn denies(user: &User, why: &str, requests: &[&str]) {
    for request in requests {
        let denied = denial(user, request);
        assert_eq!(denied, Some(format!("NOPERM this user has no permissions to {why}")));
    }
}

const A_KEY: &str = "access one of the keys used as arguments";

fn told(users: &Users) -> String {
    String::from_utf8(users.describe()).unwrap()
}

#[test]
fn a_new_user_may_only_say_who_it_is() {
    let user = bob("");
    allows(&user, &["HELLO", "QUIT"]);
    denies(&user, "run the 'get' command", &["GET a"]);
    denies(&user, "run the 'client|id' command", &["CLIENT ID"]);
    assert_eq!(user.describe(), b"user bob off resetchannels -@all");
}

#[test]
fn a_user_may_use_only_its_commands() {
    let user = bob("+@all -@dangerous +client -client|setname ~*");
    allows(&user, &["GET a", "CLIENT ID"]);
    denies(&user, "run the 'client|setname' command", &["CLIENT SETNAME a"]);
    denies(&user, "run the 'flushdb' command", &["FLUSHDB"]);
}

#[test]
fn a_user_may_use_only_its_keys() {
    let user = bob("+@all ~page:* ~one");
    allows(&user, &["GET page:1", "MGET one page:2", "PING", "DBSIZE"]);
    denies(&user, A_KEY, &["GET two", "MGET one two", "MSET page:1 x two x", "SET oneself x"]);
}

#[test]
fn reading_and_writing_are_allowed_apart() {
    let user = bob("+@all %R~r* %W~w* ~b*");
    allows(&user, &["GET r", "SET w x", "DEL w", "INCR b", "HSET w f v", "EXPIRE w 1"]);
    allows(&user, &["EXISTS w", "TYPE r"]);
    allows(&user, &["SET b x GET", "SET w x"]);
    denies(&user, A_KEY, &["GET w", "SET r x", "DEL r", "INCR w", "INCR r", "TTL w", "EXISTS x"]);
    denies(&user, A_KEY, &["SET w x GET"]);
}

#[test]
fn what_a_command_carries_has_to_be_allowed_too() {
    let user = bob("+cache.explain +get ~a");
    allows(&user, &["CACHE.EXPLAIN GET a"]);
    denies(&user, A_KEY, &["CACHE.EXPLAIN GET b"]);
    denies(&user, "run the 'del' command", &["CACHE.EXPLAIN DEL a"]);
}

#[test]
fn each_selector_allows_what_it_allows_alone() {
    let user = bob("+get ~a (+set ~b) (+mget ~c ~d)");
    allows(&user, &["GET a", "SET b x", "MGET c d"]);
    denies(&user, A_KEY, &["GET b", "SET a x", "MGET c a"]);
    denies(&user, "run the 'del' command", &["DEL a"]);
}

#[test]
fn the_last_key_that_no_selector_allows_is_told() {
    let user = bob("+mget ~a (+mget ~a ~b)");
    let (mut text, mut spans) = (Vec::new(), Spans::default());
    inline::split(b"MGET a b c", &mut text, &mut spans).unwrap();
    let args = spans.args(&text);
    let denied = user.permits(resolve(&args).unwrap(), args).unwrap_err();
    assert_eq!(denied.object(), b"c");
    assert_eq!(denied.sentence(), b"This user has no permissions to access the 'c' key");
}

#[test]
fn a_user_that_may_do_everything_can_be_restrained() {
    let users = Users::default();
    let user = users.default_user().clone();
    allows(&user, &["GET a", "FLUSHDB"]);
    set(&users, "default", "-flushdb resetkeys ~a").unwrap();
    allows(&user, &["GET a"]);
    denies(&user, "run the 'flushdb' command", &["FLUSHDB"]);
    denies(&user, A_KEY, &["GET b"]);
    set(&users, "default", "+@all allkeys").unwrap();
    allows(&user, &["GET b", "FLUSHDB"]);
}

#[test]
fn all_rules_take_effect_or_none() {
    let users = Users::default();
    let said = set(&users, "bob", "on +get +nosuch +set").unwrap_err();
    let error = "Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL";
    assert_eq!(said, Error::plain(error));
    assert!(users.find(b"bob").is_none());
    let said = set(&users, "bob", "on ( +get").unwrap_err();
    assert_eq!(said, Error::plain("Unmatched parenthesis in acl selector starting at '('."));
    let said = users.set(b"b ob", &[]).unwrap_err();
    assert_eq!(said, Error::plain("Usernames can't contain spaces or null characters"));
    assert_eq!(told(&users), "user default on nopass ~* &* +@all\n");
}

#[test]
fn a_removed_user_may_do_nothing_any_more() {
    let users = Users::default();
    set(&users, "bob", "on nopass +@all allkeys allchannels").unwrap();
    let user = users.find(b"bob").unwrap();
    let error = Error::plain("The 'default' user cannot be removed");
    assert_eq!(users.remove(&[b"bob", b"default"]), Err(error));
    allows(&user, &["GET a"]);
    assert_eq!(users.remove(&[b"bob", b"eve", b"bob"]), Ok(1));
    assert!(user.is_removed() && users.find(b"bob").is_none());
    denies(&user, "run the 'get' command", &["GET a"]);
}

#[test]
fn passwords_let_in_those_who_know_one() {
    let users = Users::default();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    set(&users, "bob", &format!("on >one #{abc} >one")).unwrap();
    let enters = |password: &str| users.authenticate(b"bob", password.as_bytes()).is_ok();
    assert!(enters("one") && enters("abc") && !enters("") && !enters("two"));
    set(&users, "bob", "<one").unwrap();
    assert!(!enters("one") && enters("abc"));
    assert_eq!(
        told(&users).lines().next().unwrap(),
        format!("user bob on #{abc} resetchannels -@all")
    );
    set(&users, "bob", "off").unwrap();
    assert!(!enters("abc"));
    set(&users, "bob", "on nopass").unwrap();
    assert!(enters("anything"));
    set(&users, "bob", "resetpass").unwrap();
    assert!(!enters("abc") && !enters("anything"));
    let error = users.authenticate(b"eve", b"").unwrap_err();
    let text = "WRONGPASS invalid username-password pair or user is disabled.";
    assert_eq!(error.to_string(), text);
}

#[test]
fn wrong_password_rules_are_refused() {
    let users = Users::default();
    let refused = |rule: &str| set(&users, "bob", rule).unwrap_err().text().into_owned();
    assert!(
        refused("<one")
            .ends_with("The password you are trying to remove from the user does not exist")
    );
    for rule in ["#abc", "!abc"] {
        assert!(
            refused(rule).contains("The password hash must be exactly 64 characters"),
            "{rule}"
        );
    }
}

#[test]
fn who_was_let_in_stays_when_the_default_user_gets_a_password() {
    let users = Users::default();
    let early = Identity::unknown(&users);
    users.require_password(Some(b"secret"));
    let late = Identity::unknown(&users);
    assert!(!early.is_missing(&users) && late.is_missing(&users));
    assert!(users.authenticate(b"default", b"guess").is_err());
    let known = Identity::of(users.authenticate(b"default", b"secret").unwrap());
    assert!(!known.is_missing(&users));
    users.require_password(None);
    assert!(!late.is_missing(&users));
    set(&users, "default", "off").unwrap();
    assert!(late.is_missing(&users));
}

#[test]
fn reset_is_the_state_of_a_new_user_but_for_payloads() {
    let user = bob("on >a ~k* &c* +@all (+get) skip-sanitize-payload reset");
    assert_eq!(user.describe(), b"user bob off sanitize-payload resetchannels -@all");
    let user = bob("(+get) (~a) clearselectors on nopass SKIP-SANITIZE-PAYLOAD");
    let line = b"user bob on nopass skip-sanitize-payload resetchannels -@all";
    assert_eq!(user.describe(), line);
}

#[test]
fn channels_are_kept_apart_from_keys() {
    use crate::acl::ChannelKind::{Name, Pattern};
    let permissions = bob("&a* (&b)").permissions();
    assert!(permissions.allows_channel(b"ax", Name) && permissions.allows_channel(b"b", Name));
    assert!(permissions.allows_channel(b"a*", Pattern));
    assert!(
        !permissions.allows_channel(b"ab*", Pattern) && !permissions.allows_channel(b"c", Name)
    );
}

/// A file in memory. It cannot be read or written while it holds nothing.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Option<Vec<u8>>>>);

impl Shelf {
    fn put(&self, text: &str) {
        *self.0.lock() = Some(text.into());
    }
}

impl UsersFile for Shelf {
    fn name(&self) -> &str {
        "users.acl"
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        self.0.lock().clone().ok_or_else(|| io::Error::other("no such file"))
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut held = self.0.lock();
        *held.as_mut().ok_or_else(|| io::Error::other("read-only"))? = text.to_vec();
        Ok(())
    }
}

#[test]
fn users_are_kept_in_a_file() {
    let (users, shelf) = (Users::default(), Shelf::default());
    shelf.put("user bob on nopass ~a +get\n");
    users.keep_in(Box::new(shelf.clone())).unwrap();
    set(&users, "eve", "(~b)").unwrap();
    users.save().unwrap();
    let text = String::from_utf8(shelf.read().unwrap()).unwrap();
    assert_eq!(
        text,
        "user bob on nopass ~a resetchannels -@all +get\n\
         user default on nopass ~* &* +@all\n\
         user eve off resetchannels -@all (~b resetchannels -@all)\n"
    );
    users.reload().unwrap();
    assert_eq!(told(&users), text);
}

#[test]
fn a_file_that_is_read_again_replaces_the_users() {
    let (users, shelf) = (Users::default(), Shelf::default());
    shelf.put("user bob on nopass allkeys +@all\nuser eve on\nuser default off");
    users.keep_in(Box::new(shelf.clone())).unwrap();
    assert!(!users.is_open());
    let (bob, eve) = (users.find(b"bob").unwrap(), users.find(b"eve").unwrap());
    shelf.put("user bob on nopass +get ~a");
    users.reload().unwrap();
    allows(&bob, &["GET a"]);
    denies(&bob, A_KEY, &["GET b"]);
    assert!(eve.is_removed() && !bob.is_removed());
    assert!(users.is_open(), "a file that does not name the default user leaves it as it began");
}

#[test]
fn a_file_with_a_wrong_line_changes_nothing() {
    let (users, shelf) = (Users::default(), Shelf::default());
    assert!(
        users.reload().unwrap_err().text().starts_with("This Redis instance is not configured")
    );
    let error = users.keep_in(Box::new(shelf.clone())).unwrap_err();
    assert_eq!(error.text(), "Error loading ACLs, opening file 'users.acl': no such file");
    assert!(users.save().unwrap_err().text().starts_with("There was an error trying to save"));
    shelf.put("user bob on\nuser eve +nosuch\n");
    let error = users.reload().unwrap_err();
    let error = error.text();
    assert!(error.starts_with("users.acl:2: Error in applying operation '+nosuch'"), "{error}");
    assert_eq!(told(&users), "user default on nopass ~* &* +@all\n");
}

#[test]
fn users_are_shown_without_their_passwords() {
    let users = Users::default();
    set(&users, "bob", ">secret").unwrap();
    let shown = format!("{users:?}");
    assert!(shown.contains("bob") && !shown.contains("2bb80d537b1da3e3"), "{shown}");
}

/// Rules of every kind, most of them right.
fn rule() -> impl Strategy<Value = String> {
    let name = || {
        prop::sample::select(vec![
            "get",
            "set",
            "config",
            "config|get",
            "client",
            "client|id",
            "lpush",
            "select|0",
            "select",
            "@read",
            "@write",
            "@fast",
            "@hash",
            "@dangerous",
            "@connection",
            "@cache",
            "@all",
            "cache.drop",
            "nosuch",
        ])
    };
    let word = prop::sample::select(vec![
        "on",
        "off",
        "nopass",
        "resetpass",
        "allkeys",
        "resetkeys",
        "allchannels",
        "resetchannels",
        "reset",
        "clearselectors",
        "sanitize-payload",
        ">secret",
        "<secret",
    ]);
    let inner = prop_oneof![
        (prop::sample::select(vec!["+", "-"]), name())
            .prop_map(|(sign, name)| sign.to_owned() + name),
        // Not the pattern `*` itself: given for reading and for writing apart it becomes `~*`, and
        // Redis too refuses any other pattern after that when it reads the rules again.
        (prop::sample::select(vec!["~", "%R~", "%W~", "&"]), "[ab][ab*]{0,2}")
            .prop_map(|(sign, pattern)| sign.to_owned() + &pattern),
    ];
    let selector = prop::collection::vec(inner.clone(), 0..4)
        .prop_map(|rules| format!("({})", rules.join(" ")));
    prop_oneof![4 => inner, 1 => selector, 2 => word.prop_map(str::to_owned)]
}

proptest! {
    #[test]
    fn a_user_is_told_in_rules_that_lead_to_it(
        rules in prop::collection::vec(rule(), 0..12),
    ) {
        let users = Users::default();
        for rule in &rules {
            // One that is refused changes nothing.
            let _ = users.set(b"bob", &[rule.as_bytes()]);
        }
        if users.find(b"bob").is_some() {
            let text = users.describe();
            let (others, shelf) = (Users::default(), Shelf(Arc::new(Mutex::new(Some(text.clone())))));
            others.keep_in(Box::new(shelf)).unwrap();
            prop_assert_eq!(String::from_utf8(others.describe()), String::from_utf8(text));
        }
    }

    #[test]
    fn any_bytes_are_rules_or_an_error(
        rules in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..5),
    ) {
        let rules: Vec<&[u8]> = rules.iter().map(Vec::as_slice).collect();
        let users = Users::default();
        if users.set(b"bob", &rules).is_ok() {
            prop_assert!(users.describe().starts_with(b"user bob o"));
        }
    }
}
