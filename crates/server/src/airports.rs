//! The airports that come with larder: something real to look at on the first start.
//!
//! `data/README.md` says where they come from.

use rusqlite::{Connection, Error, Result, params};
use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;

/// The table they go to.
pub const TABLE: &str = "airports";

const COMPRESSED: &[u8] = include_bytes!("../data/airports.csv.zst");

/// Makes the table.
pub(crate) const CREATE: &str = "
CREATE TABLE airports (
    icao      TEXT PRIMARY KEY,
    iata      TEXT,
    name      TEXT NOT NULL,
    city      TEXT,
    subd      TEXT,
    country   TEXT NOT NULL,
    elevation REAL NOT NULL,
    lat       REAL NOT NULL,
    lon       REAL NOT NULL,
    tz        TEXT NOT NULL,
    lid       TEXT
) STRICT, WITHOUT ROWID";

const COLUMNS: [&str; 11] =
    ["icao", "iata", "name", "city", "subd", "country", "elevation", "lat", "lon", "tz", "lid"];

const INSERT: &str = "INSERT INTO airports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// What became of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// The table was made and filled with this many rows.
    Filled(usize),
    /// A table with these columns was there before; it was left as it was.
    Present,
    /// A table or view of this name with other columns was there before; it was left as it was.
    Foreign,
}

/// Makes the table of airports and fills it, unless there is one of that name: all of it or nothing,
/// in a transaction of its own when the connection is not in one.
///
/// What the data leaves empty (a code, a city or a state that an airport does not have) is NULL.
///
/// ```
/// use larder_server::airports::{Import, import};
///
/// let database = rusqlite::Connection::open_in_memory()?;
/// assert_eq!(import(&database)?, Import::Filled(28_298));
/// assert_eq!(import(&database)?, Import::Present);
/// # Ok::<(), rusqlite::Error>(())
/// ```
pub fn import(database: &Connection) -> Result<Import> {
    if !database.is_autocommit() {
        return import_within(database);
    }
    let transaction = database.unchecked_transaction()?;
    let outcome = import_within(&transaction)?;
    transaction.commit()?;
    Ok(outcome)
}

#[derive(Deserialize)]
struct Airport<'r> {
    icao: &'r str,
    iata: Option<&'r str>,
    name: &'r str,
    city: Option<&'r str>,
    subd: Option<&'r str>,
    country: &'r str,
    elevation: f64,
    lat: f64,
    lon: f64,
    tz: &'r str,
    lid: Option<&'r str>,
}

fn import_within(transaction: &Connection) -> Result<Import> {
    let present = columns(transaction)?;
    if present.is_empty() {
        transaction.execute_batch(CREATE)?;
        return fill(transaction).map(Import::Filled);
    }
    let same = present == COLUMNS;
    Ok(if same { Import::Present } else { Import::Foreign })
}

/// The columns of what goes by the table's name; none when there is no such thing.
fn columns(transaction: &Connection) -> Result<Vec<String>> {
    let mut query = transaction.prepare("SELECT name FROM pragma_table_info(?)")?;
    query.query_map([TABLE], |row| row.get(0))?.collect()
}

fn fill(transaction: &Connection) -> Result<usize> {
    let data = StreamingDecoder::new(COMPRESSED).map_err(|error| unreadable(error.into()))?;
    let mut records = csv::Reader::from_reader(data);
    let mut insert = transaction.prepare(INSERT)?;
    let mut record = csv::StringRecord::new();
    let mut count = 0;
    while records.read_record(&mut record).map_err(|error| unreadable(error.into()))? {
        let airport = record.deserialize(None).map_err(|error| unreadable(error.into()))?;
        count += insert_one(&mut insert, &airport)?;
    }
    Ok(count)
}

fn insert_one(insert: &mut rusqlite::Statement<'_>, airport: &Airport<'_>) -> Result<usize> {
    let Airport { icao, iata, name, city, subd, country, elevation, lat, lon, tz, lid } = airport;
    insert.execute(params![icao, iata, name, city, subd, country, elevation, lat, lon, tz, lid])
}

/// The data in the binary is damaged.
fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::ToSqlConversionFailure(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported() -> Connection {
        let database = Connection::open_in_memory().unwrap();
        assert_eq!(import(&database).unwrap(), Import::Filled(28_298));
        database
    }

    fn text(database: &Connection, query: &str) -> Option<String> {
        database.query_row(query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_airport_is_there_with_its_types() {
        let database = imported();
        let name = "SELECT name FROM airports WHERE icao = 'LSZH'";
        assert_eq!(text(&database, name).unwrap(), "Zurich Airport");
        let types = "SELECT typeof(elevation) || typeof(lat) || typeof(lid) FROM airports
                     WHERE icao = 'LSZH'";
        assert_eq!(text(&database, types).unwrap(), "realrealnull");
        let empty = "SELECT count(*) || '' FROM airports WHERE '' IN (iata, city, subd, lid)";
        assert_eq!(text(&database, empty).unwrap(), "0");
    }

    #[test]
    fn a_second_import_does_nothing() {
        let database = imported();
        database.execute("DELETE FROM airports WHERE icao <> 'LSZH'", []).unwrap();
        assert_eq!(import(&database).unwrap(), Import::Present);
        let count = "SELECT count(*) || '' FROM airports";
        assert_eq!(text(&database, count).unwrap(), "1");
    }

    #[test]
    fn a_table_of_that_name_is_left_alone() {
        let database = Connection::open_in_memory().unwrap();
        let mine = "CREATE TABLE Airports (mine); INSERT INTO airports VALUES ('x')";
        database.execute_batch(mine).unwrap();
        assert_eq!(import(&database).unwrap(), Import::Foreign);
        assert_eq!(text(&database, "SELECT mine FROM airports").unwrap(), "x");
    }

    #[test]
    fn an_import_is_a_part_of_the_transaction_it_is_in() {
        let mut database = Connection::open_in_memory().unwrap();
        let transaction = database.transaction().unwrap();
        assert_eq!(import(&transaction).unwrap(), Import::Filled(28_298));
        drop(transaction);
        assert!(columns(&database).unwrap().is_empty());
    }

    #[test]
    fn a_failed_import_leaves_nothing() {
        let database = Connection::open_in_memory().unwrap();
        // Fewer pages than the rows need.
        database.execute_batch("PRAGMA max_page_count = 20").unwrap();
        assert!(import(&database).is_err());
        assert!(database.is_autocommit() && columns(&database).unwrap().is_empty());
    }
}
