//! The database behind the victim: a table that larder writes, and triggers that record every write
//! of it, so that order and repetition show.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;
use larder_kit::{Product, mariadb, postgres};
use tempfile::TempDir;

use crate::failure::{Failure, Result};

const SQLITE: &str = "
    CREATE TABLE crash (id TEXT PRIMARY KEY, number INTEGER NOT NULL);
    CREATE TABLE history (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, number INTEGER NOT NULL);
    CREATE TRIGGER inserted AFTER INSERT ON crash
        BEGIN INSERT INTO history (id, number) VALUES (NEW.id, NEW.number); END;
    CREATE TRIGGER updated AFTER UPDATE ON crash
        BEGIN INSERT INTO history (id, number) VALUES (NEW.id, NEW.number); END;
";

const POSTGRES: &str = "
    CREATE TABLE crash (id text PRIMARY KEY, number bigint NOT NULL);
    CREATE TABLE history (place bigserial PRIMARY KEY, id text NOT NULL, number bigint NOT NULL);
    CREATE FUNCTION record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO history (id, number) VALUES (NEW.id, NEW.number); RETURN NULL; END $$;
    CREATE TRIGGER written AFTER INSERT OR UPDATE ON crash FOR EACH ROW EXECUTE FUNCTION record();
";

const MARIADB: &str = "
    CREATE TABLE crash (id varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
        number bigint NOT NULL) ENGINE=InnoDB;
    CREATE TABLE history (place bigint AUTO_INCREMENT PRIMARY KEY, id varchar(64) NOT NULL,
        number bigint NOT NULL) ENGINE=InnoDB;
    CREATE TRIGGER inserted AFTER INSERT ON crash FOR EACH ROW
        INSERT INTO history (id, number) VALUES (NEW.id, NEW.number);
    CREATE TRIGGER updated AFTER UPDATE ON crash FOR EACH ROW
        INSERT INTO history (id, number) VALUES (NEW.id, NEW.number);
";

const ROWS: &str = "SELECT id, number FROM crash";
const HISTORY: &str = "SELECT id, number FROM history ORDER BY place";

/// The databases that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// A file.
    Sqlite,
    /// A server of PostgreSQL.
    Postgres,
    /// A server of MariaDB.
    Mysql,
}

impl Source {
    /// As the command line spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }
}

/// A database with the tables made. It ends when this is dropped.
pub(crate) struct Database {
    place: Box<dyn Place>,
}

impl Database {
    /// A database of that kind, with empty tables.
    pub(crate) fn start(source: Source) -> Result<Self> {
        let (place, tables): (Box<dyn Place>, _) = match source {
            Source::Sqlite => (Box::new(File::new()?), SQLITE),
            Source::Postgres => (Box::new(Served::new(postgres::Server::start())?), POSTGRES),
            Source::Mysql => (Box::new(Served::new(mariadb::Server::start())?), MARIADB),
        };
        place.run(tables)?;
        Ok(Self { place })
    }

    /// Its address, as a configuration names it.
    pub(crate) fn url(&self) -> String {
        self.place.url()
    }

    /// Whether it answers.
    pub(crate) fn answers(&self) -> bool {
        self.place.run("SELECT 1").is_ok()
    }

    /// What every key holds.
    pub(crate) fn rows(&self) -> Result<BTreeMap<String, u64>> {
        Ok(self.place.pairs(ROWS)?.into_iter().collect())
    }

    /// Every put that was applied, in order.
    pub(crate) fn history(&self) -> Result<Vec<(String, u64)>> {
        self.place.pairs(HISTORY)
    }

    /// Kills its server, as a crash does.
    pub(crate) fn kill(&self) -> Result<()> {
        self.place.kill()
    }

    /// Starts its server again.
    pub(crate) fn restart(&self) -> Result<()> {
        self.place.restart()
    }
}

/// Where a database is, and how to reach it without larder.
trait Place {
    fn url(&self) -> String;
    fn run(&self, sql: &str) -> Result<()>;
    /// The rows of a query for a name and a number.
    fn pairs(&self, sql: &str) -> Result<Vec<(String, u64)>>;
    fn kill(&self) -> Result<()>;
    fn restart(&self) -> Result<()>;
}

/// A file of SQLite.
struct File {
    path: PathBuf,
    _folder: TempDir,
}

impl File {
    fn new() -> Result<Self> {
        let folder = TempDir::new().map_err(|error| Failure::io("a temporary folder", error))?;
        Ok(Self { path: folder.path().join("crash.db"), _folder: folder })
    }
}

impl Place for File {
    fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    fn run(&self, sql: &str) -> Result<()> {
        Ok(rusqlite::Connection::open(&self.path)?.execute_batch(sql)?)
    }

    fn pairs(&self, sql: &str) -> Result<Vec<(String, u64)>> {
        let connection = rusqlite::Connection::open(&self.path)?;
        let mut statement = connection.prepare(sql)?;
        let pairs = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        Ok(pairs.collect::<rusqlite::Result<_>>()?)
    }

    fn kill(&self) -> Result<()> {
        Err(Failure::new("a file cannot be away: name --source postgres or mysql"))
    }

    fn restart(&self) -> Result<()> {
        self.kill()
    }
}

/// A database of a server.
struct Served<P: Product> {
    server: larder_kit::Server<P>,
    database: larder_kit::Database<P>,
}

impl<P: Product> Served<P> {
    fn new(
        server: std::result::Result<larder_kit::Server<P>, larder_kit::Failure>,
    ) -> Result<Self> {
        let server = server?;
        let database = server.database()?;
        Ok(Self { server, database })
    }
}

impl<P: Product> Place for Served<P> {
    fn url(&self) -> String {
        self.database.url()
    }

    fn run(&self, sql: &str) -> Result<()> {
        self.database.run(sql)?;
        Ok(())
    }

    fn pairs(&self, sql: &str) -> Result<Vec<(String, u64)>> {
        self.database.run(sql)?.lines().map(pair).collect()
    }

    fn kill(&self) -> Result<()> {
        Ok(self.server.kill()?)
    }

    fn restart(&self) -> Result<()> {
        Ok(self.server.restart()?)
    }
}

fn pair(row: &str) -> Result<(String, u64)> {
    let pair =
        row.split_once('\t').and_then(|(id, number)| Some((id.to_owned(), number.parse().ok()?)));
    pair.ok_or_else(|| {
        Failure::new(format!("the database answered {row:?}, not a key and a number"))
    })
}

impl From<larder_kit::Failure> for Failure {
    fn from(failure: larder_kit::Failure) -> Self {
        Self::new(failure.to_string())
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(format!("SQLite: {error}"))
    }
}
