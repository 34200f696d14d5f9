//! The keys of a load.

use crate::source::row::Cell;
use crate::source::{Loaded, SourceError};

/// The cells of a key that a row may have, and the place of that key in the load.
pub(crate) type Wanted = (usize, Vec<Cell>);

/// The answer of a load as far as it is known without asking, and the keys to ask for: those that
/// `cells` has cells of. All others are absent, or have an error of their own.
pub(crate) fn wanted<K, V>(
    keys: &[K],
    cells: impl Fn(&K) -> Result<Option<Vec<Cell>>, SourceError>,
) -> (Vec<Loaded<V>>, Vec<Wanted>) {
    let mut answer = Vec::with_capacity(keys.len());
    let mut wanted = Vec::with_capacity(keys.len());
    for (place, key) in keys.iter().enumerate() {
        answer.push(cells(key).map(|cells| {
            wanted.extend(cells.map(|cells| (place, cells)));
            None
        }));
    }
    (answer, wanted)
}
