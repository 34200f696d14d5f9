//! The options of the server as a whole.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::limits::Capacity;
use super::problem::Problem;
use super::section::{Section, hint};
use crate::model::ModelName;

/// What happens to keys that match no keyspace's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmatched {
    /// They are cached in the keyspace [`DEFAULT_NAME`](super::DEFAULT_NAME), which has no source.
    Cache(Capacity),
    /// Their commands are refused.
    Refuse,
}

/// The model, by name.
pub(super) fn model(root: &mut Section<'_, '_>, typed: Option<&str>) -> Option<ModelName> {
    let known: Vec<_> = ModelName::ALL.iter().map(|model| (model.as_str(), *model)).collect();
    let missing = !root.has("model");
    let from_file = root.choice("model", &known).map(Spanned::into_inner);
    match typed {
        Some(typed) => model_from_command_line(root, typed),
        None if missing => Some(ModelName::default()),
        None => from_file,
    }
}

fn model_from_command_line(root: &mut Section<'_, '_>, typed: &str) -> Option<ModelName> {
    let model = typed.parse();
    if model.is_err() {
        let known = ModelName::ALL.iter().map(|model| model.as_str());
        let message = format!("--model: {typed:?} is not known{}", hint(typed, known));
        root.report(Problem::elsewhere(message));
    }
    model.ok()
}

impl Unmatched {
    pub(super) fn read(root: &mut Section<'_, '_>) -> Self {
        let words = [("cache", true), ("refuse", false)];
        if root.choice("default", &words).is_none_or(Spanned::into_inner) {
            let capacity = root.within("default_keyspace", Capacity::read);
            return Self::Cache(capacity.unwrap_or(Capacity::DEFAULT));
        }
        root.refuse("default_keyspace", "has no use with default = \"refuse\": remove it");
        Self::Refuse
    }
}

/// The data folder.
pub(super) fn data(root: &mut Section<'_, '_>, typed: Option<&Path>) -> PathBuf {
    let from_file = root.take_or("data", ".".to_owned());
    typed.map_or_else(|| from_file.into(), Path::to_owned)
}
