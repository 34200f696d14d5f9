//! What a session knows about the client at the other end.

use crate::error::Error;
use crate::frame::Protocol;

/// Who the client is, by its own account.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// Unique among the sessions of a server; `CLIENT ID`.
    pub(crate) id: u64,
    /// `HELLO`.
    pub(crate) protocol: Protocol,
    /// `CLIENT SETNAME`; empty when there is none.
    pub(crate) name: Box<[u8]>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub(crate) library_name: Box<[u8]>,
    /// `CLIENT SETINFO LIB-VER`.
    pub(crate) library_version: Box<[u8]>,
}

impl Client {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, ..Self::default() }
    }

    /// Takes a name, or none when it is empty.
    pub(crate) fn rename(&mut self, name: &[u8]) -> Result<(), Error> {
        if !is_plain(name) {
            let text = "Client names cannot contain spaces, newlines or special characters.";
            return Err(Error::plain(text));
        }
        self.name = name.into();
        Ok(())
    }
}

/// Whether `text` can stand in a list of clients, one a line with blanks between the columns.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| (b'!'..=b'~').contains(byte))
}
