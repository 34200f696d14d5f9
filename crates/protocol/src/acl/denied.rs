//! Why a request is refused, in the words that each place has for it.

use crate::error::{Error, c_string};

/// What a user may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Denied<'a> {
    // In the order of importance: of several selectors' reasons the greatest is told.
    /// Run this command at all.
    Command(&'static str),
    /// Use this key, at this place among the request's keys, in this way.
    Key { place: usize, key: &'a [u8] },
    /// Use this channel, at this place among the request's channels.
    Channel { place: usize, channel: &'a [u8] },
}

impl<'a> Denied<'a> {
    /// The reply to the request.
    pub(crate) fn error(&self) -> Error {
        let what = match self {
            Self::Command(name) => return no_permission(format!("run the '{name}' command")),
            Self::Key { .. } => "keys",
            Self::Channel { .. } => "channels",
        };
        no_permission(format!("access one of the {what} used as arguments"))
    }

    /// The reply to a request that was still allowed when it was queued.
    pub(crate) fn error_in_exec(&self) -> Error {
        let reason = match self {
            Self::Command(_) => "no permission to execute the command or subcommand",
            Self::Key { .. } => "no permission to touch the specified keys",
            Self::Channel { .. } => "no permission to access one of the channels used as arguments",
        };
        let text = format!(
            "ACLs rules changed between the moment the transaction was accumulated and the EXEC \
             call. This command is no longer allowed for the following reason: {reason}"
        );
        Error::new("NOPERM", text)
    }

    /// What `ACL DRYRUN` answers.
    pub(crate) fn sentence(&self) -> Vec<u8> {
        let (verb, object, noun): (&str, &[u8], &str) = match self {
            Self::Command(name) => ("run", name.as_bytes(), "command"),
            Self::Key { key, .. } => ("access", c_string(key), "key"),
            Self::Channel { channel, .. } => ("access", c_string(channel), "channel"),
        };
        let start = format!("This user has no permissions to {verb} the '");
        [start.as_bytes(), object, b"' ", noun.as_bytes()].concat()
    }

    /// The command, key or channel in question.
    pub(crate) fn object(&self) -> &'a [u8] {
        match self {
            Self::Command(name) => name.as_bytes(),
            Self::Key { key: object, .. } | Self::Channel { channel: object, .. } => object,
        }
    }
}

fn no_permission(what: String) -> Error {
    Error::new("NOPERM", format!("this user has no permissions to {what}"))
}
