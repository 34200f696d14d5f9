//! Requests that are being carried out, which go on when their client has left.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Hub;
use crate::error::Error;

/// The bytes of a request that is being carried out. Dropping it says that this is over.
#[derive(Debug)]
pub struct Load {
    hub: Arc<Hub>,
    bytes: usize,
}

impl Hub {
    /// Counts a request of so many bytes among those that are being carried out.
    ///
    /// # Errors
    ///
    /// When all of them together would be more than all sessions may hold: clients that write to a
    /// source that is slow, and leave, could otherwise fill the memory with what they wrote.
    pub fn load(self: &Arc<Self>, bytes: usize) -> Result<Load, Error> {
        let load = Load { hub: self.clone(), bytes };
        let before = self.loaded.fetch_add(bytes, Ordering::Relaxed);
        if before > 0 && before + bytes > self.settings.sessions_bytes_max(&self.limits) {
            let text = "the requests that wait for a source have as many bytes as \
                        limits.clients_bytes_max allows: try again later";
            return Err(Error::new("BUSY", text));
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.hub.loaded.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn requests_are_taken_up_to_the_sum_and_again_when_some_are_over() {
        let hub = Hub::new(Limits { sessions_bytes_max: 100, ..Limits::default() });
        let first = hub.load(60).unwrap();
        assert_eq!(hub.load(60).unwrap_err().code, "BUSY");
        let second = hub.load(40).unwrap();
        drop(first);
        assert!(hub.load(60).is_ok());
        drop(second);
        assert!(hub.load(1000).is_ok(), "one alone is bounded by its own limit");
    }
}
