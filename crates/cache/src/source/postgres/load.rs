//! Loading: many keys, one query.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::codec::{Values, row};
use super::session::Session;
use super::table::Bound;
use crate::source::row::Cell;
use crate::source::table::Wanted;
use crate::source::{Loaded, SourceError, SourceErrorKind};

/// What was found, with the places of the keys.
type Found<T> = Result<Vec<(usize, T)>, SourceError>;

/// The rows of those keys that have one.
///
/// One key that the server cannot convert to the type of its column fails the whole query, so that
/// its half is looked at more closely, until it alone is left and found absent.
pub(super) fn find<'a, K: 'static, V: Send + 'static>(
    session: &'a Session,
    bound: &'a Bound<K, V>,
    wanted: &'a [Wanted],
) -> BoxFuture<'a, Found<Loaded<V>>> {
    async move {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        match select(session, bound, wanted).await {
            Err(error) if error.kind() == SourceErrorKind::Rejected => {}
            answered => return answered,
        }
        if wanted.len() == 1 {
            return Ok(Vec::new());
        }
        let (left, right) = wanted.split_at(wanted.len() / 2);
        let mut found = find(session, bound, left).await?;
        found.extend(find(session, bound, right).await?);
        Ok(found)
    }
    .boxed()
}

async fn select<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    wanted: &[Wanted],
) -> Found<Loaded<V>> {
    session.counters.loads.add_one();
    let keys: Vec<&[Cell]> = wanted.iter().map(|(_, cells)| &**cells).collect();
    let found = rows(session, bound, &keys).await?;
    Ok(found.into_iter().map(|(at, loaded)| (wanted[at].0, loaded.map(Some))).collect())
}

/// The values of those of `keys` that have a row, each with the place of its key.
pub(super) async fn rows<K: 'static, V: Send + 'static>(
    session: &Session,
    bound: &Bound<K, V>,
    keys: &[&[Cell]],
) -> Found<Result<V, SourceError>> {
    let values = key_values(bound, keys)?;
    let parameters: Vec<_> = values.iter().map(Values::parameter).collect();
    let rows = session.query(&bound.statements.select, &parameters).await?;
    Ok(rows.iter().map(|answer| (number(answer), value(bound, answer))).collect())
}

/// The parameters of keys.
pub(super) fn key_values<'k, K: 'static, V: 'static>(
    bound: &Bound<K, V>,
    keys: &[&'k [Cell]],
) -> Result<Vec<Values<'k>>, SourceError> {
    let columns = bound.layout.key.iter().enumerate();
    let values = columns.map(|(at, column)| {
        Values::new(&column.native, &column.name, keys.iter().map(|key| &key[at]))
    });
    values.collect()
}

/// The place of the key whose number an answer is led by.
pub(super) fn number(answer: &tokio_postgres::Row) -> usize {
    usize::try_from(answer.get::<_, i64>(0) - 1).unwrap_or_default()
}

fn value<K: 'static, V: 'static>(
    bound: &Bound<K, V>,
    answer: &tokio_postgres::Row,
) -> Result<V, SourceError> {
    let layout = &bound.layout;
    bound.mapping.value(row(answer, 1, &layout.columns, &layout.natives)?)
}
