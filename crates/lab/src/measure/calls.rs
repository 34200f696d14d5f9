//! How often a process, and all that it started, enters the kernel.
//!
//! Counting is not free, so it is done in runs of their own, whose other figures are thrown away.

mod events;
mod tracer;

use self::events::Events;
use self::tracer::Tracer;
use super::process::{family, threads};
use crate::failure::Result;

/// More threads than this are not counted: each takes a descriptor, or a stop of its own.
const THREADS_MAX: usize = 1024;

/// Counts the system calls of a tree of processes, until it is dropped.
pub(crate) enum Calls {
    /// By the kernel's own counters, which are exact and hardly felt.
    Counted(Events),
    /// By stopping at each call, which is permitted nearly everywhere and slows what is counted down.
    Traced(Tracer),
}

impl Calls {
    /// Begins to count those of `process` and all that it has started and will start. `None` where
    /// neither way is permitted.
    pub(crate) fn of(process: u32) -> Result<Option<Self>> {
        let threads: Vec<u32> = family(process)?.into_iter().flat_map(threads).collect();
        if threads.len() > THREADS_MAX {
            return Ok(None);
        }
        let counted = || Events::of(&threads).ok().map(Self::Counted);
        Ok(counted().or_else(|| Tracer::of(threads).map(Self::Traced)))
    }

    /// How many there were so far.
    pub(crate) fn so_far(&mut self) -> u64 {
        match self {
            Self::Counted(events) => events.so_far(),
            Self::Traced(tracer) => tracer.so_far(),
        }
    }

    /// How they are counted, for the reader of a report.
    pub(crate) fn way(&self) -> &'static str {
        match self {
            Self::Counted(_) => "counted by the kernel (the tracepoint raw_syscalls:sys_enter)",
            Self::Traced(_) => {
                "counted by ptrace, which slows the server down, so that it finds more to do at each wait"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

    use super::*;

    /// `cat`, which makes two system calls for each line that it is given.
    struct Cat {
        child: Child,
        input: ChildStdin,
        output: BufReader<ChildStdout>,
    }

    impl Cat {
        fn start() -> Self {
            let mut command = Command::new("cat");
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let input = child.stdin.take().unwrap();
            let output = BufReader::new(child.stdout.take().unwrap());
            let mut cat = Self { child, input, output };
            cat.copy_lines(1);
            cat
        }

        fn copy_lines(&mut self, count: usize) {
            for _ in 0..count {
                self.input.write_all(b"line\n").unwrap();
                let mut line = String::new();
                self.output.read_line(&mut line).unwrap();
                assert_eq!(line, "line\n");
            }
        }

        fn end(self) {
            let Self { mut child, input, .. } = self;
            drop(input);
            assert!(child.wait().unwrap().success());
        }
    }

    /// What `so_far` finds for a hundred lines, within the few calls of the begin and of the end.
    fn assert_counts(mut so_far: impl FnMut() -> u64, cat: &mut Cat) {
        cat.copy_lines(100);
        let calls = so_far();
        assert!((195..=210).contains(&calls), "{calls}");
    }

    #[test]
    fn a_tracer_counts_the_calls_of_a_process_and_lets_it_go() {
        let mut cat = Cat::start();
        let Some(tracer) = Tracer::of(vec![cat.child.id()]) else { return cat.end() };
        assert_counts(|| tracer.so_far(), &mut cat);
        drop(tracer);
        cat.copy_lines(1);
        cat.end();
    }

    #[test]
    fn the_events_of_a_process_are_its_calls() {
        let mut cat = Cat::start();
        if let Ok(mut events) = Events::of(&[cat.child.id()]) {
            assert_counts(|| events.so_far(), &mut cat);
        }
        cat.end();
    }

    #[test]
    fn what_a_traced_process_starts_is_counted() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "read line; ls /proc/self > /dev/null; read line"]);
        let mut child = shell.stdin(Stdio::piped()).spawn().unwrap();
        let mut calls = Calls::of(child.id()).unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"go\n").unwrap();
        drop(input);
        child.wait().unwrap();
        if let Some(calls) = &mut calls {
            assert!(calls.so_far() > 50, "{}, {}", calls.so_far(), calls.way());
        }
    }

    #[test]
    fn a_process_that_has_ended_has_no_calls() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(Calls::of(child.id()).is_err());
    }
}
