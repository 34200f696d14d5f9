//! What those wait on whose writes go to the disk together.

use std::sync::OnceLock;

use tokio::sync::Notify;

use crate::journal::AppendError;

/// An outcome that several wait for.
#[derive(Default)]
pub(super) struct Ticket {
    outcome: OnceLock<Result<(), AppendError>>,
    decided: Notify,
}

impl Ticket {
    /// Tells everybody. The first outcome stays.
    pub(super) fn decide(&self, outcome: Result<(), AppendError>) {
        let _ = self.outcome.set(outcome);
        self.decided.notify_waiters();
    }

    pub(super) async fn outcome(&self) -> Result<(), AppendError> {
        // It is told of what is decided from here on, even before it first waits.
        let decided = self.decided.notified();
        if let Some(outcome) = self.outcome.get() {
            return outcome.clone();
        }
        decided.await;
        self.outcome.get().cloned().unwrap_or(Err(AppendError::Closed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::FutureExt;

    use super::*;

    #[test]
    fn who_waits_is_told_and_who_comes_late_too() {
        let ticket = Arc::new(Ticket::default());
        let mut waiting = Box::pin(ticket.outcome());
        assert_eq!(waiting.as_mut().now_or_never(), None);
        ticket.decide(Err(AppendError::Full));
        ticket.decide(Ok(()));
        assert_eq!(waiting.now_or_never(), Some(Err(AppendError::Full)));
        assert_eq!(ticket.outcome().now_or_never(), Some(Err(AppendError::Full)));
    }
}
