//! The SQL of one table. Names are quoted, values are parameters, and of the rest only the numbers of
//! rows and the columns named vary.

use super::native::Native;
use crate::source::table::Layout;

/// A name as SQL writes it.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Selects keys and values of `rows` keys.
pub(super) fn select(layout: &Layout<Native>, rows: usize) -> String {
    let keys = layout.key.iter().map(|column| &*column.name);
    let values = layout.columns.iter().map(|column| &*column.name);
    let columns = list(keys.chain(values));
    format!("SELECT {columns} FROM {} WHERE {}", quoted(&layout.table), key_is_in(layout, rows))
}

/// Selects those of `rows` keys that have a row, and locks the rows.
pub(super) fn select_existing(layout: &Layout<Native>, rows: usize) -> String {
    let keys = list(layout.key_names());
    let table = quoted(&layout.table);
    format!("SELECT {keys} FROM {table} WHERE {} FOR UPDATE", key_is_in(layout, rows))
}

/// Deletes the rows of `rows` keys.
pub(super) fn delete(layout: &Layout<Native>, rows: usize) -> String {
    format!("DELETE FROM {} WHERE {}", quoted(&layout.table), key_is_in(layout, rows))
}

/// Sets the columns at `named` of one key's row: takes their values, then the key.
pub(super) fn update(layout: &Layout<Native>, named: &[usize]) -> String {
    let assignments = named.iter().map(|at| format!("{} = ?", quoted(&layout.columns[*at].name)));
    let assignments = assignments.collect::<Vec<_>>().join(", ");
    format!("UPDATE {} SET {assignments} WHERE {}", quoted(&layout.table), key_is_in(layout, 1))
}

/// Inserts `rows` rows: takes of each the key, then the values of the columns at `named`.
pub(super) fn insert(layout: &Layout<Native>, named: &[usize], rows: usize) -> String {
    let values = named.iter().map(|at| &*layout.columns[*at].name);
    let columns = list(layout.key_names().into_iter().chain(values));
    let row = format!("({})", vec!["?"; layout.key.len() + named.len()].join(","));
    let rows = vec![row.as_str(); rows].join(",");
    format!("INSERT INTO {} ({columns}) VALUES {rows}", quoted(&layout.table))
}

/// The same, but sets the columns of a row that is there.
pub(super) fn upsert(layout: &Layout<Native>, named: &[usize], rows: usize) -> String {
    let names = named.iter().map(|at| quoted(&layout.columns[*at].name));
    let assignments = names.map(|name| format!("{name} = VALUES({name})"));
    let mut assignments = assignments.collect::<Vec<_>>().join(", ");
    if assignments.is_empty() {
        // Something has to be set: what it is already.
        let key = quoted(&layout.key[0].name);
        assignments = format!("{key} = {key}");
    }
    format!("{} ON DUPLICATE KEY UPDATE {assignments}", insert(layout, named, rows))
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// Of several columns a row is compared, not each column: with thousands of keys, the planner takes
/// seconds for what that comes to in ANDs and ORs.
fn key_is_in(layout: &Layout<Native>, rows: usize) -> String {
    let keys = list(layout.key_names());
    match layout.key.len() {
        1 => format!("{keys} IN ({})", vec!["?"; rows].join(",")),
        width => {
            let key = format!("({})", vec!["?"; width].join(","));
            format!("({keys}) IN ({})", vec![key.as_str(); rows].join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::row::Column;
    use crate::source::table::{Described, TableSpec, ValueColumns};

    fn layout(key: &[&str]) -> Layout<Native> {
        let described = ["a", "b`", "value"].map(|name| {
            let native = Native::Bytes { fixed: None };
            let column = Column { name: name.into(), kind: native.column_type(), nullable: false };
            Described { column, native, generated: false, primary: 0 }
        });
        let spec = TableSpec {
            table: "t".into(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
            value: ValueColumns::Named(vec!["value".into()]),
        };
        Layout::choose("t", &described, &spec).unwrap()
    }

    #[test]
    fn names_are_quoted_and_values_are_parameters() {
        assert_eq!(
            select(&layout(&["a", "b`"]), 2),
            "SELECT `a`, `b```, `value` FROM `t` \
             WHERE (`a`, `b```) IN ((?,?),(?,?))"
        );
        assert_eq!(delete(&layout(&["a"]), 3), "DELETE FROM `t` WHERE `a` IN (?,?,?)");
    }

    #[test]
    fn a_row_that_is_there_is_changed_in_the_columns_named() {
        let layout = layout(&["a"]);
        assert_eq!(
            upsert(&layout, &[0], 2),
            "INSERT INTO `t` (`a`, `value`) VALUES (?,?),(?,?) \
             ON DUPLICATE KEY UPDATE `value` = VALUES(`value`)"
        );
        assert_eq!(
            upsert(&layout, &[], 1),
            "INSERT INTO `t` (`a`) VALUES (?) ON DUPLICATE KEY UPDATE `a` = `a`"
        );
        assert_eq!(update(&layout, &[0]), "UPDATE `t` SET `value` = ? WHERE `a` IN (?)");
    }
}
