//! What a server reads again while it serves.

use std::sync::Arc;

use crate::config::Report;

/// Something that a server can read again while it serves.
pub(crate) trait Reload: Send + Sync {
    /// Reads it again, and uses what it has read from now on.
    ///
    /// # Errors
    ///
    /// What is wrong with what was read; then everything stays as it was.
    fn reload(&self) -> Result<(), Report>;
}

/// Makes a server read its files again.
#[derive(Clone)]
pub struct Reloader {
    parts: Vec<Arc<dyn Reload>>,
}

impl Reloader {
    pub(crate) fn new(parts: Vec<Arc<dyn Reload>>) -> Self {
        Self { parts }
    }

    /// Reads the certificates, their key and the authorities of TLS again, and the file of users.
    /// Connections that are open go on, but for those of users that are gone or have changed.
    ///
    /// # Errors
    ///
    /// What is wrong with the parts that could not be read: they stay as they were. The others are
    /// in use.
    pub fn reload(&self) -> Result<(), Report> {
        let mut report = Report::default();
        for part in &self.parts {
            part.reload().unwrap_or_else(|problems| report.append(problems));
        }
        if report.is_empty() { Ok(()) } else { Err(report) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::config::Problem;

    struct Part {
        count: AtomicUsize,
        problem: Option<&'static str>,
    }

    impl Reload for Part {
        fn reload(&self) -> Result<(), Report> {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.problem.map_or(Ok(()), |problem| Err(Problem::elsewhere(problem).into()))
        }
    }

    #[test]
    fn a_part_that_fails_keeps_no_other_from_being_read() {
        let part = |problem| Arc::new(Part { count: AtomicUsize::new(0), problem });
        let parts = [part(Some("first")), part(None), part(Some("third"))];
        let reloader =
            Reloader::new(parts.iter().map(|part| part.clone() as Arc<dyn Reload>).collect());
        let report = reloader.reload().unwrap_err();
        let messages: Vec<_> = report.problems().iter().map(Problem::message).collect();
        assert_eq!(messages, ["first", "third"]);
        assert!(parts.iter().all(|part| part.count.load(Ordering::Relaxed) == 1));
        assert_eq!(Reloader::new(vec![part(None)]).reload(), Ok(()));
    }
}
