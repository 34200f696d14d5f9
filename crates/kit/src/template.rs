//! Data of a server that was never started: made once, copied for each server.
//!
//! To make it takes seconds, to copy it a fraction of one. The templates are in the folder of build
//! results, a name for each version, so that `cargo clean` takes them away.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::product::{Home, Product};
use crate::program::{User, output};

/// Part of the name: raise it when what [`Product::initialise`] does changes.
const EDITION: u32 = 1;

/// Makes the data of a new server.
pub(crate) fn provide<P: Product>(home: &Home) -> Result<()> {
    let template = templates().join(name::<P>(home)?);
    if template.is_dir() {
        return copy(&template, &home.data(), home.user);
    }
    P::initialise(home)?;
    keep(&home.data(), &template)
}

/// Keeps a copy of `data` as a template, which is whole from the moment that it is there.
fn keep(data: &Path, template: &Path) -> Result<()> {
    let folder = templates();
    let made = fs::create_dir_all(&folder).and_then(|()| tempfile::tempdir_in(&folder));
    let unfinished = made.map_err(|error| Failure::io(folder.display(), error))?;
    let unfinished = unfinished.path().join("data");
    copy(data, &unfinished, User::Oneself)?;
    match fs::rename(&unfinished, template) {
        // Another process was quicker.
        Err(_) if template.is_dir() => Ok(()),
        renamed => renamed.map_err(|error| Failure::io(template.display(), error)),
    }
}

fn templates() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let results = env::var_os("CARGO_TARGET_DIR");
    results.map_or_else(|| workspace.join("target"), PathBuf::from).join("kit")
}

/// The version as the server itself tells it, in letters that every file system takes.
fn name<P: Product>(home: &Home) -> Result<String> {
    let program = P::PACKAGE.find(P::SERVER)?;
    let version = output(home.command(&program).arg("--version"))?;
    let name: Vec<_> = version.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let words = name.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
    Ok(format!("{}-{EDITION}-{}", P::SERVER, words.join("-")))
}

/// Copies a folder with all that is in it, and makes `user` the owner.
fn copy(from: &Path, to: &Path, user: User) -> Result<()> {
    let failure = |error| Failure::io(format!("copy of {}", from.display()), error);
    fs::create_dir(to).map_err(failure)?;
    let permissions = fs::metadata(from).map_err(failure)?.permissions();
    fs::set_permissions(to, permissions).map_err(failure)?;
    for entry in fs::read_dir(from).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(failure)?;
        if kind.is_dir() {
            copy(&from, &to, user)?;
        } else if kind.is_file() {
            fs::copy(&from, &to).map_err(failure)?;
            user.own(&to)?;
        }
    }
    user.own(to)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_copy_has_the_files_and_their_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(from.join("inner/file"), "content").unwrap();
        copy(&from, &to, User::Oneself).unwrap();
        assert_eq!(fs::read_to_string(to.join("inner/file")).unwrap(), "content");
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
