//! The SQL of one table. Names are quoted, values are parameters, nothing else varies.
//!
//! The parameters of every statement are the key columns and then the columns that it names, each an
//! array of one element a row: however many rows there are, the statement is the same and stays
//! prepared. Rows are known by their number, from 1.

use super::native::Form;
use super::schema::Layout;

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The statements that do not depend on which columns a value names.
#[derive(Debug)]
pub(super) struct Statements {
    /// Selects the number and the values of each key that has a row.
    pub(super) select: String,
    /// Deletes rows; answers the numbers of those that were there.
    pub(super) delete: String,
}

impl Statements {
    pub(super) fn new(layout: &Layout, table: &str) -> Self {
        let (given, own) = (given(layout, &[]), matches(layout));
        let columns = layout.columns.iter().zip(&*layout.natives);
        let columns = columns.map(|(column, native)| reading(&column.name, native.form));
        let columns = columns.fold(String::new(), |all, column| format!("{all}, {column}"));
        Self {
            select: format!("SELECT g.n{columns} FROM {given} JOIN {table} AS r ON {own}"),
            delete: format!("DELETE FROM {table} AS r USING {given} WHERE {own} RETURNING g.n"),
        }
    }
}

/// Puts the columns at `named`. It answers the number of each row that it updated, and NULL for each
/// that it inserted.
///
/// An update comes first, because `INSERT ... ON CONFLICT DO UPDATE` would refuse a value that names a
/// part of an existing row when another column is NOT NULL: PostgreSQL checks that before it looks for
/// the conflict. It would also take a number of a sequence for each row that it then updates. A row
/// that somebody else inserts meanwhile is met by the conflict clause.
pub(super) fn put(layout: &Layout, table: &str, named: &[usize]) -> String {
    let keys = layout.key.len();
    let casts: Vec<String> = casts(layout, named)
        .enumerate()
        .map(|(at, cast)| format!("g.p{}::{cast} AS p{0}", at + 1))
        .collect();
    let spelled = unsettled(layout).map(|at| format!("g.p{0} AS s{0}", at + 1));
    let rows = casts.into_iter().chain(spelled).collect::<Vec<_>>().join(", ");
    let own = own(layout, |at| format!("g.p{at}"), |at| format!("g.s{at}"));
    let updated = match assignments(layout, named, |at| format!("g.p{}", keys + at + 1)) {
        Some(assignments) => {
            format!(
                "UPDATE {table} AS r SET {assignments} FROM rows AS g WHERE {own} RETURNING g.n"
            )
        }
        None => format!("SELECT g.n FROM rows AS g JOIN {table} AS r ON {own}"),
    };
    let names = names(layout, named);
    let parameters: Vec<String> = (1..=keys + named.len()).map(|at| format!("g.p{at}")).collect();
    format!(
        "WITH rows AS (SELECT g.n, {rows} FROM {given}), updated AS ({updated}), inserted AS \
         (INSERT INTO {table} AS r ({names}) OVERRIDING SYSTEM VALUE SELECT {parameters} FROM rows AS g \
         WHERE g.n NOT IN (SELECT n FROM updated) ORDER BY g.n {conflict} RETURNING 1) \
         SELECT n FROM updated UNION ALL SELECT NULL FROM inserted",
        given = given(layout, named),
        parameters = parameters.join(", "),
        conflict = conflict(layout, named),
    )
}

/// The rows of the parameters, as `g`.
fn given(layout: &Layout, named: &[usize]) -> String {
    let forms = layout.key.iter().map(|key| key.native.form);
    let forms = forms.chain(named.iter().map(|position| layout.natives[*position].form));
    let arrays = forms.enumerate().map(|(at, form)| {
        let array = if form == Form::Bytes { "bytea[]" } else { "text[]" };
        format!("${}::{array}", at + 1)
    });
    let arrays = arrays.collect::<Vec<_>>();
    let names = (1..=arrays.len()).map(|at| format!("p{at}, ")).collect::<String>();
    format!("unnest({}) WITH ORDINALITY AS g({names}n)", arrays.join(", "))
}

/// What makes `r` the row of a key in `g`.
fn matches(layout: &Layout) -> String {
    let cast = |at: usize| format!("g.p{at}::{}", layout.key[at - 1].native.cast);
    own(layout, cast, |at| format!("g.p{at}"))
}

/// The same, with the key's value in the column's type and as the text it was given.
fn own(
    layout: &Layout,
    value: impl Fn(usize) -> String,
    spelled: impl Fn(usize) -> String,
) -> String {
    let equal = layout.key.iter().enumerate();
    let equal = equal.map(|(at, key)| format!("r.{} = {}", quoted(&key.name), value(at + 1)));
    let same = unsettled(layout);
    let same =
        same.map(|at| format!("r.{}::text = {}", quoted(&layout.key[at].name), spelled(at + 1)));
    equal.chain(same).collect::<Vec<_>>().join(" AND ")
}

/// The key columns whose spelling only the server knows.
fn unsettled(layout: &Layout) -> impl Iterator<Item = usize> {
    let keys = layout.key.iter().enumerate();
    keys.filter(|(_, key)| !key.native.form.is_settled()).map(|(at, _)| at)
}

/// The types of the parameters.
fn casts<'l>(layout: &'l Layout, named: &'l [usize]) -> impl Iterator<Item = &'l str> {
    let keys = layout.key.iter().map(|key| &*key.native.cast);
    keys.chain(named.iter().map(|position| &*layout.natives[*position].cast))
}

/// The names of the key columns and of those at `named`.
fn names(layout: &Layout, named: &[usize]) -> String {
    let keys = layout.key.iter().map(|key| &*key.name);
    let names = keys.chain(named.iter().map(|position| &*layout.columns[*position].name));
    names.map(quoted).collect::<Vec<_>>().join(", ")
}

fn assignments(
    layout: &Layout,
    named: &[usize],
    value: impl Fn(usize) -> String,
) -> Option<String> {
    let assignments = named.iter().enumerate().map(|(at, position)| {
        format!("{} = {}", quoted(&layout.columns[*position].name), value(at))
    });
    let assignments = assignments.collect::<Vec<_>>().join(", ");
    (!assignments.is_empty()).then_some(assignments)
}

fn conflict(layout: &Layout, named: &[usize]) -> String {
    let keys = layout.key.iter().map(|key| quoted(&key.name)).collect::<Vec<_>>().join(", ");
    let excluded = |at: usize| format!("excluded.{}", quoted(&layout.columns[named[at]].name));
    let Some(assignments) = assignments(layout, named, excluded) else {
        return format!("ON CONFLICT ({keys}) DO NOTHING");
    };
    let same = unsettled(layout).map(|at| {
        let name = quoted(&layout.key[at].name);
        format!("r.{name}::text = excluded.{name}::text")
    });
    let same = same.collect::<Vec<_>>().join(" AND ");
    let only = if same.is_empty() { String::new() } else { format!(" WHERE {same}") };
    format!("ON CONFLICT ({keys}) DO UPDATE SET {assignments}{only}")
}

/// A column as the answer has it. Its type there is always the same, so that a statement stays good
/// when the column's own changes.
fn reading(name: &str, form: Form) -> String {
    let column = format!("r.{}", quoted(name));
    match form {
        Form::Integer(_) => format!("{column}::bigint"),
        Form::Real => format!("{column}::double precision"),
        Form::Single => format!("{column}::real"),
        Form::Boolean => format!("{column}::boolean"),
        Form::Bytes => format!("{column}::bytea"),
        Form::Array { .. } => format!("to_json({column})::text"),
        _ => format!("{column}::text"),
    }
}
