//! One user, whom sessions hold on to while it changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::acl::denied::Denied;
use crate::acl::permissions::Permissions;
use crate::args::Args;
use crate::command::Command;

/// One user. Sessions share it: a change of its rules holds for their next request, and a user
/// that is removed may do nothing any more.
pub struct User {
    name: Box<[u8]>,
    /// Whether any request of its sessions may run: what most sessions cost.
    is_unrestricted: AtomicBool,
    is_removed: AtomicBool,
    permissions: RwLock<Arc<Permissions>>,
}

impl User {
    pub(super) fn new(name: &[u8], permissions: Permissions) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            is_unrestricted: AtomicBool::new(permissions.is_unrestricted()),
            is_removed: AtomicBool::new(false),
            permissions: RwLock::new(Arc::new(permissions)),
        })
    }

    /// The name, which has no blanks.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether its sessions have to end, as it is no longer one of the users.
    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Acquire)
    }

    /// Whether it may run whatever there is.
    pub(crate) fn is_unrestricted(&self) -> bool {
        self.is_unrestricted.load(Ordering::Acquire)
    }

    /// Whether it may run a request. For one that may do everything this costs one load.
    pub(crate) fn permits<'a>(
        &self,
        command: &'static Command,
        args: Args<'a>,
    ) -> Result<(), Denied<'a>> {
        if self.is_unrestricted() {
            return Ok(());
        }
        if self.is_removed() {
            return Err(Denied::Command(command.name));
        }
        self.permissions.read().check(command, args)
    }

    /// What it may do at present.
    pub(crate) fn permissions(&self) -> Arc<Permissions> {
        self.permissions.read().clone()
    }

    /// Name and rules, as a file has them.
    pub(crate) fn describe(&self) -> Vec<u8> {
        [b"user ", &*self.name, b" ", &self.permissions().describe()].concat()
    }

    pub(super) fn change(&self, permissions: Permissions) {
        let mut present = self.permissions.write();
        let is_unrestricted = permissions.is_unrestricted();
        *present = Arc::new(permissions);
        self.is_unrestricted.store(is_unrestricted && !self.is_removed(), Ordering::Release);
    }

    pub(super) fn remove(&self) {
        let _present = self.permissions.write();
        self.is_removed.store(true, Ordering::Release);
        self.is_unrestricted.store(false, Ordering::Release);
    }
}

/// Without its rules: those have hashes of passwords.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = String::from_utf8_lossy(&self.name);
        f.debug_struct("User").field("name", &name).finish_non_exhaustive()
    }
}
