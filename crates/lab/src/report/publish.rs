//! A report on its way out: the files, then the terminal.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use console::Term;

use super::Report;
use crate::failure::{Failure, Result};

/// Of a file or a pipe, and of a terminal that does not say.
const WIDTH_DEFAULT: usize = 100;

/// Where a report was written.
#[derive(Debug)]
pub struct Saved {
    /// The page.
    pub page: PathBuf,
    /// The numbers.
    pub numbers: PathBuf,
}

/// Finds out whether a report can be saved in `folder`, before anything is measured for it. Nothing is left
/// of the attempt, so that a run that fails leaves no empty folder.
///
/// # Errors
///
/// When the folder cannot be made, or no file can be written into it.
pub fn prepare(folder: &Path) -> Result<()> {
    let missing: Vec<_> = folder.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
    fs::create_dir_all(folder).map_err(|error| Failure::io(folder.display(), error))?;
    let probe = folder.join(format!(".larder-{}", std::process::id()));
    write(&probe, "")?;
    fs::remove_file(&probe).map_err(|error| Failure::io(probe.display(), error))?;
    for made in missing {
        // Somebody else may use it already.
        let _ = fs::remove_dir(made);
    }
    Ok(())
}

impl Report {
    /// Writes the files of [`Report::save`], and prints the report and where they are.
    ///
    /// # Errors
    ///
    /// When a file or the standard output cannot be written. The files come first, so that nothing measured
    /// is lost with a pipe that has closed; what cannot be saved is printed all the same.
    pub fn publish(&self, folder: &Path, name: &str) -> Result<()> {
        self.publish_to(&mut io::stdout(), folder, name)
    }

    fn publish_to(&self, out: &mut impl Write, folder: &Path, name: &str) -> Result<()> {
        let saved = self.save(folder, name);
        self.print_to(out)?;
        let Saved { page, numbers } = saved?;
        let (page, numbers) = (page.display(), numbers.display());
        let places =
            format!("\nThe page, with the plots: {page}\nThe numbers, of every round: {numbers}");
        say(out, &places)
    }

    /// Prints it, as wide as the terminal is.
    ///
    /// # Errors
    ///
    /// When the standard output cannot be written.
    pub fn print(&self) -> Result<()> {
        self.print_to(&mut io::stdout())
    }

    fn print_to(&self, out: &mut impl Write) -> Result<()> {
        say(out, self.to_terminal(width(), console::colors_enabled()).trim_end())
    }

    /// Writes `NAME.html` and `NAME.json` into `folder`, which is made when it does not exist.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path, name: &str) -> Result<Saved> {
        let page = folder.join(format!("{name}.html"));
        let numbers = folder.join(format!("{name}.json"));
        fs::create_dir_all(folder).map_err(|error| Failure::io(folder.display(), error))?;
        write(&numbers, &self.to_json()?)?;
        write(&page, &self.to_page(name)?)?;
        Ok(Saved { page, numbers })
    }
}

fn say(out: &mut impl Write, text: &str) -> Result<()> {
    let said = writeln!(out, "{text}");
    said.map_err(|error| Failure::io("the standard output", error))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| Failure::io(path.display(), error))
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(WIDTH_DEFAULT, |(_, columns)| columns.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::report::Part;

    #[test]
    fn nothing_is_left_of_an_attempt_and_what_was_there_stays() {
        let place = tempfile::tempdir().unwrap();
        prepare(&place.path().join("a/b")).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        fs::write(place.path().join("file"), "").unwrap();
        prepare(place.path()).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_refused_by_name() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = prepare(&file).unwrap_err().to_string();
        assert!(refused.starts_with(&file.display().to_string()), "{refused}");
    }

    fn report() -> Report {
        Record::begin().report("What it came to", vec![Part::Text("Seven.".to_owned())])
    }

    #[test]
    fn a_report_is_printed_with_the_places_where_it_is_saved() {
        let place = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        report().publish_to(&mut out, place.path(), "run").unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("Seven.") && out.contains("run.html"), "{out}");
        assert!(place.path().join("run.json").exists());
    }

    #[test]
    fn a_report_that_cannot_be_saved_is_printed_all_the_same() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let mut out = Vec::new();
        let failure = report().publish_to(&mut out, &file, "run").unwrap_err();
        assert!(failure.to_string().starts_with(&file.display().to_string()), "{failure}");
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("Seven.") && !out.contains("run.html"), "{out}");
    }

    #[test]
    fn a_folder_without_room_for_files_is_refused() {
        // Root may write anywhere, but not here.
        assert!(prepare(Path::new("/proc/self")).is_err());
    }
}
