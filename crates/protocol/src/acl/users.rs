//! Everybody who may use the server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;

use crate::acl::file::{self, Listed, UsersFile};
use crate::acl::log::Log;
use crate::acl::password::PasswordHash;
use crate::acl::permissions::Permissions;
use crate::acl::rule::{has_blanks, merge_selectors};
use crate::acl::user::User;
use crate::error::{Error, c_string};

const DEFAULT: &[u8] = b"default";

/// Everybody who may use the server. There is always a user called `default`, who may do
/// everything and needs no password until told otherwise: that is who a client is at first.
///
/// ```
/// use larder_protocol::acl::Users;
///
/// let users = Users::default();
/// users.set(b"reader", &[b"on", b">secret", b"~page:*", b"+@read"]).unwrap();
/// assert!(users.authenticate(b"reader", b"secret").is_ok());
/// assert!(users.authenticate(b"reader", b"guess").is_err());
/// ```
pub struct Users {
    by_name: RwLock<BTreeMap<Box<[u8]>, Arc<User>>>,
    default: Arc<User>,
    file: OnceLock<Box<dyn UsersFile>>,
    /// How often what they may do has changed.
    changes: AtomicU64,
    pub(crate) log: Log,
}

impl Default for Users {
    fn default() -> Self {
        let default = User::new(DEFAULT, Permissions::unrestricted());
        Self {
            by_name: RwLock::new(BTreeMap::from([(DEFAULT.into(), default.clone())])),
            default,
            file: OnceLock::new(),
            changes: AtomicU64::new(0),
            log: Log::default(),
        }
    }
}

impl Users {
    /// The user that a client is at first.
    pub(crate) fn default_user(&self) -> &Arc<User> {
        &self.default
    }

    /// Whether a client may be the default user without a password.
    pub fn is_open(&self) -> bool {
        self.default.permissions().is_open()
    }

    /// Asks for a password of who would be the default user, or for none: Redis' `requirepass`.
    pub fn require_password(&self, password: Option<&[u8]>) {
        let _order = self.by_name.write();
        let mut permissions = (*self.default.permissions()).clone();
        permissions.require_password(password.map(PasswordHash::of));
        self.default.change(permissions);
        self.note_change();
    }

    /// How often what they may do has changed. Whoever reads this before it looks at a user knows
    /// later whether that may be out of date.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// After a change has come into force.
    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Applies rules to a user, who is made if there is none of this name yet. Either all rules
    /// take effect or none does.
    ///
    /// # Errors
    ///
    /// Which rule is wrong and why, or that the name has blanks.
    pub fn set(&self, name: &[u8], rules: &[&[u8]]) -> Result<(), Error> {
        if has_blanks(name) {
            return Err(Error::plain("Usernames can't contain spaces or null characters"));
        }
        let rules = merge_selectors(rules.iter().copied()).map_err(|start| {
            let start = c_string(start);
            let text = b"Unmatched parenthesis in acl selector starting at '";
            Error::repeating(&[text, start, b"'."])
        })?;
        let mut users = self.by_name.write();
        let known = users.get(name);
        let mut permissions =
            known.map_or_else(Permissions::default, |user| (*user.permissions()).clone());
        for rule in rules {
            permissions.apply(&rule).map_err(|error| {
                let (rule, reason) = (c_string(&rule), error.to_string());
                let text = b"Error in ACL SETUSER modifier '";
                Error::repeating(&[text, rule, b"': ", reason.as_bytes()])
            })?;
        }
        match known {
            Some(user) => user.change(permissions),
            None => drop(users.insert(name.into(), User::new(name, permissions))),
        }
        self.note_change();
        Ok(())
    }

    /// Removes those of the users that there are, and answers how many. Their sessions may do
    /// nothing any more.
    ///
    /// # Errors
    ///
    /// The default user is among them: it cannot be removed, and then nobody is.
    pub fn remove(&self, names: &[&[u8]]) -> Result<usize, Error> {
        if names.contains(&DEFAULT) {
            return Err(Error::plain("The 'default' user cannot be removed"));
        }
        let mut users = self.by_name.write();
        let removed = names.iter().filter_map(|name| users.remove(*name));
        let count = removed.inspect(|user| user.remove()).count();
        self.note_change();
        Ok(count)
    }

    /// The user called `name`.
    pub fn find(&self, name: &[u8]) -> Option<Arc<User>> {
        self.by_name.read().get(name).cloned()
    }

    /// All users, by name.
    pub fn all(&self) -> Vec<Arc<User>> {
        self.by_name.read().values().cloned().collect()
    }

    /// The user called `name`, if that is on and the password is one of its own.
    ///
    /// # Errors
    ///
    /// `WRONGPASS`, whatever the reason.
    pub fn authenticate(&self, name: &[u8], password: &[u8]) -> Result<Arc<User>, Error> {
        // First, so that the time does not tell whether there is such a user.
        let hash = PasswordHash::of(password);
        let user = self.find(name).filter(|user| user.permissions().admits(&hash));
        user.ok_or_else(|| {
            Error::new("WRONGPASS", "invalid username-password pair or user is disabled.")
        })
    }

    /// Every user on a line of its own, as a file has them.
    pub fn describe(&self) -> Vec<u8> {
        let line = |user: Arc<User>| [user.describe(), b"\n".to_vec()].concat();
        self.all().into_iter().flat_map(line).collect()
    }

    /// Keeps the users in a file from now on: takes those that are in it for all there are. The
    /// first file stays.
    ///
    /// # Errors
    ///
    /// As of [`reload`](Self::reload).
    pub fn keep_in(&self, file: Box<dyn UsersFile>) -> Result<(), Error> {
        self.file.get_or_init(|| file);
        self.reload()
    }

    /// Takes the users that are in the file for all there are (`ACL LOAD`). Nothing changes unless
    /// every line is right; sessions of users that are still there go on.
    ///
    /// # Errors
    ///
    /// There is no file, or it cannot be read, or it has wrong lines, each of which is told.
    pub fn reload(&self) -> Result<(), Error> {
        let file = self.file()?;
        let text = file.read().map_err(|error| {
            let name = file.name();
            Error::plain(format!("Error loading ACLs, opening file '{name}': {error}"))
        })?;
        self.replace(file::parse(file.name(), &text).map_err(Error::plain)?);
        Ok(())
    }

    /// Writes the users to the file (`ACL SAVE`).
    ///
    /// # Errors
    ///
    /// There is no file, or it cannot be written.
    pub fn save(&self) -> Result<(), Error> {
        self.file()?.write(&self.describe()).map_err(|_| {
            Error::plain(
                "There was an error trying to save the ACLs. Please check the server logs for \
                 more information",
            )
        })
    }

    fn file(&self) -> Result<&dyn UsersFile, Error> {
        self.file.get().map(|file| &**file).ok_or_else(|| {
            Error::plain(
                "This Redis instance is not configured to use an ACL file. You may want to \
                 specify users via the ACL SETUSER command and then issue a CONFIG REWRITE \
                 (assuming you have a Redis configuration file set) in order to store users in \
                 the Redis configuration.",
            )
        })
    }

    fn replace(&self, users: Vec<Listed>) {
        let mut present = self.by_name.write();
        let mut earlier = std::mem::take(&mut *present);
        let default = (DEFAULT.into(), Permissions::unrestricted());
        for (name, permissions) in std::iter::once(default).chain(users) {
            // The first of two is only the default user as it is when the file says nothing.
            let known = earlier.remove(&name).or_else(|| present.get(&name).cloned());
            let user = match known {
                Some(user) => {
                    user.change(permissions);
                    user
                }
                None => User::new(&name, permissions),
            };
            present.insert(name, user);
        }
        earlier.into_values().for_each(|user| user.remove());
        self.note_change();
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("all", &self.all()).finish_non_exhaustive()
    }
}
