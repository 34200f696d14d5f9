//! How far a run has come, for the person who waits.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::measure::number::duration;

/// Where there is no terminal, a line is written no more often than this.
const LINE_INTERVAL: Duration = Duration::from_secs(15);

/// A bar on the terminal that says what is measured now and how long all of it may take. In a log file
/// there is a line of the same every quarter of a minute.
pub(crate) struct Progress {
    bar: ProgressBar,
    log: Option<Mutex<Log>>,
}

/// What the lines of a log file are made of.
struct Log {
    began: Instant,
    written: Option<Instant>,
    done: usize,
    steps: usize,
    what: String,
}

impl Progress {
    /// A run of so many steps.
    pub(crate) fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        let template = "{bar:28} {pos}/{len}  {left:16}  {wide_msg}";
        let left = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let (done, steps) = (state.pos() as usize, state.len().unwrap_or(0) as usize);
            // Nothing can be done about a terminal that takes no more.
            let _ = text.write_str(&left(state.elapsed(), done, steps));
        };
        let style =
            ProgressStyle::with_template(template).map(|style| style.with_key("left", left));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let began = Instant::now();
        let log = Log { began, written: None, done: 0, steps, what: String::new() };
        Self { log: bar.is_hidden().then(|| Mutex::new(log)), bar }
    }

    /// Says what is done now.
    pub(crate) fn now(&self, what: impl Into<String>) {
        let what = what.into();
        self.log(|log| log.what.clone_from(&what));
        self.bar.set_message(what);
        self.bar.tick();
    }

    /// A step is done.
    pub(crate) fn step(&self) {
        self.log(|log| log.done += 1);
        self.bar.inc(1);
    }

    /// Changes what a log file is told, and tells it when it is time.
    fn log(&self, change: impl FnOnce(&mut Log)) {
        let Some(log) = &self.log else { return };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut log);
        if let Some(line) = log.line(Instant::now()) {
            eprintln!("{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Log {
    /// A line, if the last one is old enough.
    fn line(&mut self, now: Instant) -> Option<String> {
        if self.written.is_some_and(|written| now - written < LINE_INTERVAL) {
            return None;
        }
        self.written = Some(now);
        let left = left(now - self.began, self.done, self.steps);
        Some(format!("{}/{}  {left}  {}", self.done, self.steps, self.what))
    }
}

/// What is left when the steps to come take as long as those that are done; nothing is known before
/// the first.
fn left(elapsed: Duration, done: usize, steps: usize) -> String {
    if done == 0 {
        return String::new();
    }
    let each = elapsed.as_secs_f64() / done as f64;
    format!("{} left", duration(each * steps.saturating_sub(done) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_to_come_are_taken_to_last_as_long_as_those_before() {
        assert_eq!(left(Duration::from_secs(30), 10, 40), "1 min 30 s left");
        assert_eq!(left(Duration::from_secs(30), 10, 10), "0 s left");
        assert_eq!(left(Duration::from_secs(30), 0, 40), "");
    }

    #[test]
    fn a_log_file_is_told_now_and_then() {
        let began = Instant::now();
        let what = "thread, 50 connections".to_owned();
        let mut log = Log { began, written: None, done: 0, steps: 8, what };
        assert_eq!(log.line(began).unwrap(), "0/8    thread, 50 connections");
        log.done = 2;
        assert_eq!(log.line(began + LINE_INTERVAL / 2), None);
        let line = log.line(began + 2 * LINE_INTERVAL).unwrap();
        assert_eq!(line, "2/8  1 min 30 s left  thread, 50 connections");
    }
}
