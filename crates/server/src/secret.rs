//! Passwords, from where the configuration says they are.

use std::fs;

use crate::config::{PasswordConfig, Problem};

/// The password.
///
/// # Errors
///
/// When it is not where it should be.
pub(crate) fn read(place: &PasswordConfig) -> Result<String, Problem> {
    match place {
        PasswordConfig::Given(password) => Ok(password.reveal().to_owned()),
        PasswordConfig::Variable(variable) => {
            let name = variable.get_ref();
            from_variable(name, std::env::var(name).ok()).map_err(|message| {
                Problem::at(variable.span(), format!("password_variable: {message}"))
            })
        }
        PasswordConfig::File(file) => {
            let path = file.get_ref().display();
            let found = match fs::read_to_string(file.get_ref()) {
                Ok(text) => first_line(&text).ok_or_else(|| {
                    format!("{path} begins with an empty line: write the password there")
                }),
                Err(error) => {
                    Err(format!("cannot read {path}: {error}; name a file that larder may read"))
                }
            };
            found.map_err(|message| Problem::at(file.span(), format!("password_file: {message}")))
        }
    }
}

fn from_variable(name: &str, value: Option<String>) -> Result<String, String> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| {
        format!("the environment has no {name}: set it to the password when you start larder")
    })
}

fn first_line(text: &str) -> Option<String> {
    text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_place_is_no_password() {
        assert_eq!(first_line("se cret\nrest"), Some("se cret".to_owned()));
        assert_eq!(first_line("\nsecret"), None);
        assert!(from_variable("P", Some(String::new())).is_err());
        assert!(from_variable("P", None).unwrap_err().contains("no P: set it"));
    }
}
