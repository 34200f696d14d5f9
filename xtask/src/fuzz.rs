//! Fuzzing: drives each target with inputs that nobody has thought of, and keeps what they teach.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;

use crate::failure::{Failure, Result};
use crate::step::{run as carry_out, step};
use pack::unpacked;

#[path = "../../fuzz/src/pack.rs"]
mod pack;

/// The most inputs that are kept for one target, the shortest.
const KEPT_MAX: usize = 400;

/// The most bytes of one that is kept.
const KEPT_BYTES_MAX: usize = 4 << 10;

/// What is fuzzed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The target; all of them when none is named
    target: Option<Target>,
    /// How long each runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Keep what was found, as few inputs as reach as much code
    #[arg(long)]
    keep: bool,
}

/// A file of `fuzz/fuzz_targets/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Bytes as frames and as requests
    Decoder,
    /// Sessions of several clients
    Session,
    /// Texts as configurations
    Config,
    /// Values of clients as rows of tables
    #[value(name = "row_mapping")]
    RowMapping,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Decoder => "decoder",
            Self::Session => "session",
            Self::Config => "config",
            Self::RowMapping => "row_mapping",
        }
    }
}

/// Fuzzes what was asked for.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    provide()?;
    let fuzz = root.join("fuzz");
    for target in Target::value_variants() {
        if arguments.target.is_none_or(|named| named == *target) {
            step(target.name(), || Campaign::new(&fuzz, *target)?.run(arguments))?;
        }
    }
    Ok(())
}

/// libFuzzer needs the nightly compiler; neither it nor cargo-fuzz is installed here.
fn provide() -> Result<()> {
    let is_there = |arguments: &[&str]| {
        let status = nightly(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !is_there(&["rustc", "--version"]) {
        let text = "run `rustup toolchain install nightly --profile minimal`, then run this again";
        return Err(Failure::new(text));
    }
    if !is_there(&["cargo", "fuzz", "--version"]) {
        let text = "run `cargo install cargo-fuzz --locked`, then run this again";
        return Err(Failure::new(text));
    }
    Ok(())
}

fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).args(arguments);
    command
}

/// One target, with its inputs.
struct Campaign<'f> {
    fuzz: &'f Path,
    target: Target,
    /// Where the inputs are while it runs, and whatever it needs to write.
    workplace: tempfile::TempDir,
}

impl<'f> Campaign<'f> {
    fn new(fuzz: &'f Path, target: Target) -> Result<Self> {
        let workplace = tempfile::tempdir().map_err(|error| Failure::io("the workplace", error))?;
        Ok(Self { fuzz, target, workplace })
    }

    fn run(&self, arguments: &Arguments) -> Result<()> {
        let inputs = self.workplace.path().join("inputs");
        self.lay_out(&inputs)?;
        let time = format!("-max_total_time={}", arguments.seconds);
        let words = format!("-dict=dictionaries/{}", self.target.name());
        let options = [&time, &words, "-max_len=4096", "-timeout=20", "-print_final_stats=1"];
        let fuzzed = self.fuzzer("run", &inputs, &options);
        fuzzed.map_err(|failure| {
            let place = format!("fuzz/corpus/{}", self.target.name());
            Failure::new(format!("{failure}; mend what it shows, and put the input into {place}"))
        })?;
        if arguments.keep {
            self.fuzzer("cmin", &inputs, &[])?;
            self.keep(&inputs)?;
        }
        Ok(())
    }

    /// Runs cargo-fuzz; `options` are libFuzzer's.
    fn fuzzer(&self, task: &str, inputs: &Path, options: &[&str]) -> Result<()> {
        let mut command = nightly(&["cargo", "fuzz", task, self.target.name()]);
        command.arg(inputs).current_dir(self.fuzz).env("TMPDIR", self.workplace.path());
        if !options.is_empty() {
            command.arg("--").args(options);
        }
        carry_out(&mut command)
    }

    /// Puts every input of the corpus into one folder.
    fn lay_out(&self, inputs: &Path) -> Result<()> {
        fs::create_dir(inputs).map_err(|error| Failure::io(inputs.display(), error))?;
        let pack = self.pack();
        let found = fs::read(&pack).map_err(|error| Failure::io(pack.display(), error))?;
        let damaged = || Failure::new(format!("{} is damaged", pack.display()));
        let found = unpacked(&found).ok_or_else(damaged)?;
        for (place, input) in self.written()?.iter().chain(&found).enumerate() {
            let path = inputs.join(place.to_string());
            fs::write(&path, input).map_err(|error| Failure::io(path.display(), error))?;
        }
        Ok(())
    }

    /// Packs what is worth keeping beside the inputs that people wrote.
    fn keep(&self, inputs: &Path) -> Result<()> {
        let written: BTreeSet<_> = self.written()?.into_iter().collect();
        let mut found = contents(inputs)?;
        found.retain(|input| !written.contains(input) && input.len() <= KEPT_BYTES_MAX);
        found.sort_by_key(Vec::len);
        found.truncate(KEPT_MAX);
        let pack = self.pack();
        fs::write(&pack, packed(&found)).map_err(|error| Failure::io(pack.display(), error))?;
        println!("{} inputs are kept in {}", found.len(), pack.display());
        Ok(())
    }

    fn written(&self) -> Result<Vec<Vec<u8>>> {
        contents(&self.fuzz.join("corpus").join(self.target.name()))
    }

    fn pack(&self) -> PathBuf {
        self.fuzz.join("corpus").join(format!("{}.pack", self.target.name()))
    }
}

/// What the files of a folder hold, in the order of their names.
fn contents(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let failed = |error| Failure::io(folder.display(), error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    paths.iter().map(|path| fs::read(path).map_err(failed)).collect()
}

fn packed(inputs: &[Vec<u8>]) -> Vec<u8> {
    let each = inputs.iter().map(|input| {
        let length = format!("{}\n", input.len());
        [length.as_bytes(), input, b"\n"].concat()
    });
    each.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_back_from_their_pack() {
        let inputs = [b"a\nb".to_vec(), Vec::new(), vec![0xff, b'\n', b'7']];
        assert_eq!(unpacked(&packed(&inputs)), Some(inputs.to_vec()));
        assert_eq!(unpacked(b""), Some(Vec::new()));
    }

    #[test]
    fn a_damaged_pack_is_none() {
        for damaged in ["3\nab\n", "x\nab\n", "2\nab", "2", "2\nabc"] {
            assert_eq!(unpacked(damaged.as_bytes()), None, "{damaged:?}");
        }
    }

    #[test]
    fn each_target_is_a_program_with_a_corpus() {
        let fuzz = crate::root().join("fuzz");
        let manifest = crate::failure::read(&fuzz.join("Cargo.toml")).unwrap();
        assert_eq!(manifest.matches("[[bin]]").count(), Target::value_variants().len());
        for target in Target::value_variants() {
            assert!(manifest.contains(&format!("name = {:?}", target.name())), "{target:?}");
            assert!(fuzz.join("dictionaries").join(target.name()).is_file(), "{target:?}");
            assert!(!Campaign::new(&fuzz, *target).unwrap().written().unwrap().is_empty());
        }
    }
}
