//! Addresses of databases: as larder understands them wherever it runs, and as people may see them.

use std::path::Path;

use crate::failure::{Failure, Result};

/// An address that means the same in every folder.
pub(super) fn absolute(url: &str) -> Result<String> {
    match url.strip_prefix("sqlite:") {
        Some(file) => {
            let path = std::path::absolute(Path::new(file));
            let path = path.map_err(|error| Failure::io(file, error))?;
            Ok(format!("sqlite:{}", path.display()))
        }
        None => Ok(url.to_owned()),
    }
}

/// An address without its password, and without parameters, which may have one too.
pub(in crate::strategies) fn shown(url: &str) -> String {
    let Some((scheme, place)) = url.split_once("://") else { return url.to_owned() };
    let place = place.split_once('?').map_or(place, |(place, _)| place);
    match place.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split_once(':').map_or(login, |(user, _)| user);
            format!("{scheme}://{user}@{place}")
        }
        None => format!("{scheme}://{place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        for (url, seen) in [
            ("postgres://larder:sword@db:5432/shop", "postgres://larder@db:5432/shop"),
            ("postgres://larder:s@word@db/shop", "postgres://larder@db/shop"),
            ("mysql://db/shop?password=sword", "mysql://db/shop"),
            ("mysql://larder@db/shop", "mysql://larder@db/shop"),
            ("sqlite:shop.db", "sqlite:shop.db"),
        ] {
            assert_eq!(shown(url), seen);
        }
    }

    #[test]
    fn a_file_is_named_from_the_root() {
        assert!(absolute("sqlite:shop.db").unwrap().starts_with("sqlite:/"));
        assert_eq!(absolute("sqlite:/a/shop.db").unwrap(), "sqlite:/a/shop.db");
        assert_eq!(absolute("mysql://db/shop").unwrap(), "mysql://db/shop");
    }
}
