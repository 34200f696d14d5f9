//! Who the client of a session is.

use std::sync::Arc;

use crate::acl::user::User;
use crate::acl::users::Users;

/// Who the client of a session is, and whether it has shown so.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    user: Arc<User>,
    is_authenticated: bool,
}

impl Identity {
    /// A client that has just come.
    pub(crate) fn unknown(users: &Users) -> Self {
        Self { user: users.default_user().clone(), is_authenticated: users.is_open() }
    }

    /// A client that has shown to be `user`.
    pub(crate) fn of(user: Arc<User>) -> Self {
        Self { user, is_authenticated: true }
    }

    pub(crate) fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// Whether it has to say who it is before anything else. One that came while the default user
    /// needed no password need not say so later.
    pub(crate) fn is_missing(&self, users: &Users) -> bool {
        !self.is_authenticated && !users.is_open()
    }
}
