//! Addresses of databases, as larder understands them wherever it runs, and as people are shown them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::record::without_secrets;

/// What the address of a file begins with.
const SQLITE: &str = "sqlite:";

/// What SQLite calls the files that it may leave beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Where a database is.
pub(super) struct Address {
    /// Means the same in every folder.
    pub(super) url: String,
    /// As it was given, without what is secret.
    pub(super) shown: String,
    /// The file, where opening it makes it.
    pub(super) new_file: Option<NewFile>,
}

/// A file that the lab makes where it was told to. It goes when this is dropped, if nothing is in it.
pub(super) struct NewFile {
    path: PathBuf,
    /// Whether it is known that nothing is in it: what is not known to be the lab's stays.
    pub(super) is_empty: bool,
}

impl Address {
    /// The one that was given, or a file in `folder`, which goes with it.
    pub(super) fn of(given: Option<&str>, folder: &Path) -> Result<Self> {
        let Some(given) = given else {
            let url = format!("{SQLITE}{}", folder.join("lab.db").display());
            return Ok(Self { url, shown: "an SQLite file".to_owned(), new_file: None });
        };
        let shown = without_secrets(given);
        let Some(file) = given.strip_prefix(SQLITE) else {
            return Ok(Self { url: given.to_owned(), shown, new_file: None });
        };
        let path = std::path::absolute(file).map_err(|error| Failure::io(file, error))?;
        let url = format!("{SQLITE}{}", path.display());
        let is_new = !path.exists();
        Ok(Self { url, shown, new_file: is_new.then(|| NewFile { path, is_empty: false }) })
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_empty {
            return;
        }
        let beside = BESIDE.map(|end| {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            path.into()
        });
        for path in [self.path.clone()].into_iter().chain(beside) {
            // What is not there need not go, and an empty file that stays does no harm.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    fn of(given: &str) -> Address {
        Address::of(Some(given), Path::new("/nowhere")).unwrap()
    }

    #[test]
    fn a_file_is_named_from_the_root_and_shown_as_it_was_given() {
        let address = of("sqlite:shop.db");
        let folder = env::current_dir().unwrap();
        assert_eq!(address.url, format!("sqlite:{}", folder.join("shop.db").display()));
        assert_eq!(address.shown, "sqlite:shop.db");
        assert_eq!(of("sqlite:/a/shop.db").url, "sqlite:/a/shop.db");
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let address = of("mysql://me:sword@db/shop");
        assert_eq!(address.url, "mysql://me:sword@db/shop");
        assert_eq!(address.shown, "mysql://me@db/shop");
    }

    #[test]
    fn a_file_that_is_there_is_not_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let url = format!("sqlite:{}", path.display());
        fs::write(&path, "").unwrap();
        assert!(of(&url).new_file.is_none());
        fs::remove_file(&path).unwrap();
        assert!(of(&url).new_file.is_some());
    }
}
