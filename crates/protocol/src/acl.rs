//! Users, and what each may do.
//!
//! Rules are those of Redis 7.0's access control lists, and are told in the same words: commands
//! by name or category (`+get`, `-@dangerous`), keys and channels by pattern (`~page:*`, `%R~log:*`,
//! `&news.*`), passwords, and further sets of rules in parentheses. A rule may name any command of
//! Redis, whether larder has it or not, so that a Redis' users can be taken over as they are.
//!
//! A rule goes from [`Users::set`] to the user's `Permissions`, which hold a `Selector` for the
//! user's own rules and one for each pair of parentheses. A request is allowed if one of the
//! selectors allows all of it: the command, its keys, its channels.

mod command_set;
mod commands;
mod denied;
mod file;
mod identity;
mod log;
mod password;
mod permissions;
mod redis;
mod roster;
mod rule;
mod selector;
#[cfg(test)]
mod tests;
mod user;
mod users;

pub(crate) use denied::Denied;
pub use file::UsersFile;
pub(crate) use identity::Identity;
pub(crate) use log::{Entry as LogEntry, What};
pub(crate) use permissions::SelectorWords;
pub(crate) use selector::ChannelKind;
pub use user::User;
pub use users::Users;
