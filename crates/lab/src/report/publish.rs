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

impl Report {
    /// Writes the files of [`Report::save`], and prints the report and where they are.
    ///
    /// # Errors
    ///
    /// When a file or the standard output cannot be written. The files come first, so that nothing measured
    /// is lost with a pipe that has closed.
    pub fn publish(&self, folder: &Path, name: &str) -> Result<()> {
        let Saved { page, numbers } = self.save(folder, name)?;
        self.print()?;
        let (page, numbers) = (page.display(), numbers.display());
        say(&format!("\nThe page, with the plots: {page}\nThe numbers, of every round: {numbers}"))
    }

    /// Prints it, as wide as the terminal is.
    ///
    /// # Errors
    ///
    /// When the standard output cannot be written.
    pub fn print(&self) -> Result<()> {
        say(self.to_terminal(width(), console::colors_enabled()).trim_end())
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

fn say(text: &str) -> Result<()> {
    let said = writeln!(io::stdout(), "{text}");
    said.map_err(|error| Failure::io("the standard output", error))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| Failure::io(path.display(), error))
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(WIDTH_DEFAULT, |(_, columns)| columns.into())
}
