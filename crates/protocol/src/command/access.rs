//! What a command does with its keys, as the key specifications of `COMMAND INFO` say it.

/// Some of the constants of this file, combined with `|`.
pub(crate) type Access = u16;

/// Reads the key, or something about it.
pub(crate) const RO: Access = 1;
/// Reads the key and changes it.
pub(crate) const RW: Access = 1 << 1;
/// Replaces whatever the key holds.
pub(crate) const OW: Access = 1 << 2;
/// Removes the key.
pub(crate) const RM: Access = 1 << 3;
/// The client comes to know something of what the key holds.
pub(crate) const ACCESS: Access = 1 << 4;
/// What the key holds may change.
pub(crate) const UPDATE: Access = 1 << 5;
/// Something is added, and nothing that is there changes.
pub(crate) const INSERT: Access = 1 << 6;
/// Something is taken away.
pub(crate) const DELETE: Access = 1 << 7;
/// The options of a request decide; see [`Command::access_of`](super::Command::access_of).
pub(crate) const VARIABLE: Access = 1 << 8;

const NAMES: [&str; 9] =
    ["RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "variable_flags"];

/// The words for `access`, in Redis' order.
pub(crate) fn names(access: Access) -> impl Iterator<Item = &'static str> {
    let set = move |bit: &usize| access & 1 << bit != 0;
    (0..NAMES.len()).filter(set).map(|bit| NAMES[bit])
}
