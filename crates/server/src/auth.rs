//! Who may connect: the password and the file of users of a configuration.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use larder_protocol::acl::UsersFile;
use larder_protocol::hub::Hub;
use toml::Spanned;

use crate::config::{self, Config, Problem};
use crate::reload::Reload;
use crate::secret;

/// Lets in whom `config` names, and nobody else. What is answered reads the users again.
///
/// # Errors
///
/// When a file cannot be read or is wrong, or when other machines could get in without a password.
pub(crate) fn set_up(
    config: &Config,
    hub: &Arc<Hub>,
) -> Result<Option<Arc<dyn Reload>>, config::Report> {
    if let Some(password) = &config.auth.password {
        let password = secret::read(password)?;
        hub.users().require_password(Some(password.as_bytes()));
    }
    let Some(file) = &config.auth.users_file else { return Ok(None) };
    let kept = Box::new(KeptUsers(file.get_ref().clone()));
    hub.users().keep_in(kept).map_err(|error| wrong(file, &error.text()))?;
    refuse_strangers(config, hub, file)?;
    Ok(Some(Arc::new(Users { hub: hub.clone(), file: file.clone() })))
}

/// Only the file says whether the user that every client is at first needs a password.
fn refuse_strangers(
    config: &Config,
    hub: &Hub,
    file: &Spanned<PathBuf>,
) -> Result<(), config::Report> {
    if !config.is_reachable() || !hub.users().is_open() {
        return Ok(());
    }
    let path = file.get_ref().display();
    let message = format!(
        "the user 'default' of {path} needs no password, and larder listens for other machines: \
         give it a password, turn it off, or listen on 127.0.0.1"
    );
    Err(Problem::at(file.span(), format!("users_file: {message}")).into())
}

fn wrong(file: &Spanned<PathBuf>, message: &str) -> config::Report {
    Problem::at(file.span(), format!("users_file: {message}")).into()
}

/// The users, when they are read again.
struct Users {
    hub: Arc<Hub>,
    file: Spanned<PathBuf>,
}

impl Reload for Users {
    fn reload(&self) -> Result<(), config::Report> {
        self.hub.reload_users().map_err(|error| wrong(&self.file, &error.text()))
    }
}

/// Users in a file. One that is missing is empty, so that `ACL SAVE` can make it.
struct KeptUsers(PathBuf);

impl UsersFile for KeptUsers {
    fn name(&self) -> &str {
        self.0.to_str().unwrap_or("the file of users")
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    fn write(&self, text: &[u8]) -> io::Result<()> {
        replace(&self.0, text)
    }
}

/// Writes beside the file, then puts that in its place: whoever reads it finds all or nothing.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut beside: OsString = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
