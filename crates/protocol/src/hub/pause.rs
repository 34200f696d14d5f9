//! `CLIENT PAUSE`: until when requests have to wait.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which requests have to wait, and until when.
///
/// One word holds both, so that a session that looks finds them together: the time in
/// milliseconds, and in the lowest bit whether only writes have to wait.
#[derive(Debug, Default)]
pub(crate) struct PauseState {
    word: AtomicU64,
    /// How often one has begun, or has got wider.
    begun: AtomicU64,
}

/// What a pause concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paused {
    Writes,
    All,
}

impl PauseState {
    /// Which requests have to wait at present. Costs one load.
    pub(crate) fn at(&self, now_unix_ms: u64) -> Option<Paused> {
        let (until, paused) = unpacked(self.word.load(Ordering::Relaxed));
        (now_unix_ms < until).then_some(paused)
    }

    /// Begins a pause, or widens and prolongs the present one: it never gets milder or shorter.
    pub(crate) fn begin(&self, until_unix_ms: u64, paused: Paused, now_unix_ms: u64) {
        let widened = |word| {
            let (until, present) = unpacked(word);
            Some(match now_unix_ms < until {
                true if present == Paused::All => packed(until.max(until_unix_ms), Paused::All),
                true => packed(until.max(until_unix_ms), paused),
                false => packed(until_unix_ms, paused),
            })
        };
        // The closure always answers, so the update cannot fail.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, widened);
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// How often one has begun, which is counted once it has.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::SeqCst)
    }

    /// Whether there is one that has not been ended, though its time may be over.
    pub(crate) fn is_set(&self) -> bool {
        self.word.load(Ordering::SeqCst) != 0
    }

    pub(crate) fn end(&self) {
        self.word.store(0, Ordering::Release);
    }

    /// Whether a pause has just ended by itself. Answers so once.
    pub(crate) fn end_if_over(&self, now_unix_ms: u64) -> bool {
        let word = self.word.load(Ordering::Acquire);
        let is_over = word != 0 && unpacked(word).0 <= now_unix_ms;
        is_over && self.word.compare_exchange(word, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

fn packed(until: u64, paused: Paused) -> u64 {
    (until << 1) | u64::from(paused == Paused::Writes)
}

fn unpacked(word: u64) -> (u64, Paused) {
    (word >> 1, if word & 1 == 1 { Paused::Writes } else { Paused::All })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_gets_neither_milder_nor_shorter() {
        let pause = PauseState::default();
        assert_eq!(pause.at(0), None);
        pause.begin(100, Paused::Writes, 0);
        assert_eq!(pause.at(99), Some(Paused::Writes));
        pause.begin(50, Paused::All, 0);
        assert_eq!(pause.at(99), Some(Paused::All));
        pause.begin(200, Paused::Writes, 0);
        assert_eq!((pause.at(199), pause.at(200)), (Some(Paused::All), None));
    }

    #[test]
    fn its_end_is_told_once() {
        let pause = PauseState::default();
        pause.begin(100, Paused::All, 0);
        assert!(!pause.end_if_over(99));
        assert!(pause.end_if_over(100));
        assert!(!pause.end_if_over(101));
    }
}
