//! Addresses of databases, as larder understands them wherever it runs.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_the_root() {
        assert!(absolute("sqlite:shop.db").unwrap().starts_with("sqlite:/"));
        assert_eq!(absolute("sqlite:/a/shop.db").unwrap(), "sqlite:/a/shop.db");
        assert_eq!(absolute("mysql://db/shop").unwrap(), "mysql://db/shop");
    }
}
