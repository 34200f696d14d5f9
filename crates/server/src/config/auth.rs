//! Who may connect.

use std::fmt;
use std::path::PathBuf;

use toml::Spanned;

use super::section::Section;

/// The section `[auth]`. Its files are read when the server starts.
#[derive(Debug, Clone, Default)]
pub struct AuthConfig {
    /// The password of the user `default`, who every client is at first.
    pub password: Option<PasswordConfig>,
    /// The file with the users, a line each in the form of `ACL LIST`.
    pub users_file: Option<Spanned<PathBuf>>,
}

/// Where a password is.
#[derive(Debug, Clone)]
pub enum PasswordConfig {
    /// Here.
    Given(Secret),
    /// In a file, to the end of its first line.
    File(Spanned<PathBuf>),
    /// In the environment variable of that name.
    Variable(Spanned<String>),
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl AuthConfig {
    pub(super) fn read(section: &mut Section<'_, '_>) -> Self {
        let given = section.take::<String>("password");
        let file = path(section, "password_file");
        let users_file = path(section, "users_file");
        if let (Some(_), Some(file)) = (&given, &file) {
            section.problem(file.span(), "password_file: password is given too: keep one of them");
        }
        let given = given.map(|text| PasswordConfig::Given(Secret(text.into_inner())));
        let password = given.or(file.map(PasswordConfig::File));
        if let (Some(_), Some(users)) = (&password, &users_file) {
            let message = "users_file: the password of the user 'default' stands there: remove \
                           password or password_file here";
            section.problem(users.span(), message);
        }
        Self { password, users_file }
    }

    /// What the environment says goes before the file.
    pub(super) fn or_from_environment(self, password: Option<&Secret>) -> Self {
        match password {
            Some(password) => {
                Self { password: Some(PasswordConfig::Given(password.clone())), ..self }
            }
            None => self,
        }
    }

    /// Whether clients have to prove who they are, so far as can be told before the files are read.
    pub(super) fn is_set(&self) -> bool {
        self.password.is_some() || self.users_file.is_some()
    }
}

/// The name of a file, as it was given.
pub(super) fn path(section: &mut Section<'_, '_>, name: &'static str) -> Option<Spanned<PathBuf>> {
    let name = section.take::<String>(name)?;
    Some(Spanned::new(name.span(), PathBuf::from(name.into_inner())))
}
