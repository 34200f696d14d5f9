//! The deputy of a server's connections: answers `GET` from the shared-memory tier.

use std::io;
use std::path::Path;
use std::sync::atomic::{Ordering, fence};

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags};

use super::page::Page;
use super::record;
use super::request::Get;
use super::{PAGE, failed, options};
use crate::model::Mandate;
use crate::model::worker::Deputy;

/// Reads what the parent has put into the tier.
pub struct SharedHits {
    env: Env,
    values: Database<Bytes, Bytes>,
    page: Page,
}

impl SharedHits {
    /// Opens the tier in `folder`.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be mapped.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let env = options(folder, EnvFlags::READ_ONLY)?;
        Self::over(env, Page::open(&folder.join(PAGE))?)
    }

    pub(super) fn over(env: Env, page: Page) -> io::Result<Self> {
        let transaction = env.read_txn().map_err(failed)?;
        let values = env.open_database(&transaction, None).map_err(failed)?;
        // It is not lost with the transaction.
        transaction.commit().map_err(failed)?;
        let values = values.ok_or_else(|| io::Error::other("the shared-memory tier is empty"))?;
        Ok(Self { env, values, page })
    }

    /// Has `reply` append to `output` what it knows, if the mandate is in force before it and after it:
    /// what may not be served any more may be read in between, and a tier that was closed may hold it.
    pub(super) fn under(
        &self,
        mandate: Mandate,
        output: &mut Vec<u8>,
        reply: impl FnOnce(&mut Vec<u8>) -> Option<()>,
    ) -> Option<()> {
        if self.page.mandate() != mandate {
            return None;
        }
        let begun = output.len();
        reply(output)?;
        // What was read has been read before the page is looked at again.
        fence(Ordering::Acquire);
        if self.page.mandate() != mandate {
            output.truncate(begun);
            return None;
        }
        Some(())
    }

    /// Appends the reply with the value of `key`, if there is one that may be served.
    fn reply(&self, key: &[u8], output: &mut Vec<u8>) -> Option<()> {
        // A tier that cannot be read has no hits: the parent has them all.
        let transaction = self.env.read_txn().ok()?;
        let record = self.values.get(&transaction, key).ok().flatten()?;
        let value = record::value(record)?;
        output.extend_from_slice(format!("${}\r\n", value.len()).as_bytes());
        output.extend_from_slice(value);
        output.extend_from_slice(b"\r\n");
        Some(())
    }
}

impl Deputy for SharedHits {
    fn answer(&mut self, mandate: Mandate, input: &[u8], output: &mut Vec<u8>) -> Option<usize> {
        let get = Get::parse(input)?;
        if !record::takes_key(get.key) {
            return None;
        }
        self.under(mandate, output, |output| self.reply(get.key, output))?;
        self.page.count_hit();
        Some(get.length)
    }
}
