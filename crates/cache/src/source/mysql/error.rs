//! What the errors of servers and of the driver mean to a caller.

use mysql_async::{DriverError, Error, IoError, ServerError};

pub(super) use crate::source::error::{misconfigured, rejected};
use crate::source::{SourceError, SourceErrorKind};

/// An error before COMMIT was sent: the transaction is rolled back, so nothing took effect.
pub(super) fn source_error(error: &Error) -> SourceError {
    match error {
        Error::Server(server) => {
            let ServerError { code, message, .. } = server;
            SourceError::new(kind_of_server(server), format!("MySQL error {code}: {message}"))
        }
        Error::Io(error) => SourceError::new(kind_of_io(error), format!("MySQL: {error}")),
        Error::Driver(error) => SourceError::new(kind_of_driver(error), format!("MySQL: {error}")),
        Error::Url(error) => misconfigured(format!("the MySQL address: {error}")),
        Error::Other(error) => {
            SourceError::new(SourceErrorKind::Unavailable, format!("MySQL: {error}"))
        }
    }
}

/// An error after COMMIT was sent: unless the server says that it rolled back, nobody knows.
pub(super) fn committing(error: &Error) -> SourceError {
    if let Error::Server(server) = error
        && kind_of_server(server) == SourceErrorKind::Busy
        && ROLLED_BACK.contains(&server.code)
    {
        return source_error(error);
    }
    let sentence = format!("MySQL could not tell whether the commit took effect ({error})");
    SourceError::new(SourceErrorKind::Unknown, sentence)
}

/// Whether the error says that the table is not there.
pub(super) fn is_missing_table(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == NO_SUCH_TABLE)
}

// The names of the codes are in the manual, "Server Error Message Reference".
const NO_SUCH_TABLE: u16 = 1146;
/// A deadlock's victim, as two nodes of a cluster make one at their commits.
const ROLLED_BACK: [u16; 1] = [1213];

/// Others hold locks, or the time for the statement is over: 1969 is MariaDB's, 3024 MySQL's.
const BUSY: [u16; 9] = [1020, 1205, 1213, 1317, 1614, 1637, 1969, 3024, 3572];

/// The server ends, is overloaded or out of space, or takes no writes just now.
const UNAVAILABLE: [u16; 21] = [
    1021, 1030, 1037, 1038, 1040, 1041, 1047, 1053, 1114, 1129, 1152, 1158, 1159, 1160, 1161, 1203,
    1226, 1290, 1792, 1836, 1927,
];

/// Refused values whose SQLSTATE says nothing of it: no default, text that is no number, JSON that is
/// none, a generated column, no partition, a check.
const REJECTED: [u16; 12] =
    [1118, 1153, 1265, 1364, 1366, 1526, 1644, 1906, 3105, 3140, 3819, 4025];

/// A column's character set and the text that it is compared with do not go together.
const MISCONFIGURED: [u16; 3] = [1267, 1270, 1271];

fn kind_of_server(error: &ServerError) -> SourceErrorKind {
    let class = error.state.get(..2).unwrap_or_default();
    match error.code {
        code if BUSY.contains(&code) => SourceErrorKind::Busy,
        code if UNAVAILABLE.contains(&code) => SourceErrorKind::Unavailable,
        code if REJECTED.contains(&code) => SourceErrorKind::Rejected,
        code if MISCONFIGURED.contains(&code) => SourceErrorKind::Misconfigured,
        _ => match class {
            "40" => SourceErrorKind::Busy,
            "08" => SourceErrorKind::Unavailable,
            // Data exceptions, constraints, and what a trigger signals.
            "22" | "23" | "45" | "44" => SourceErrorKind::Rejected,
            // Access, unknown names, syntax, features.
            "28" | "3D" | "42" | "0A" => SourceErrorKind::Misconfigured,
            // What nobody has classified is tried again: nothing is lost by that.
            _ => SourceErrorKind::Unavailable,
        },
    }
}

fn kind_of_io(error: &IoError) -> SourceErrorKind {
    match error {
        // A certificate that is not accepted arrives as data that is not valid.
        IoError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            SourceErrorKind::Misconfigured
        }
        IoError::Io(_) => SourceErrorKind::Unavailable,
        IoError::Tls(_) => SourceErrorKind::Misconfigured,
    }
}

fn kind_of_driver(error: &DriverError) -> SourceErrorKind {
    use DriverError as Driver;
    match error {
        Driver::PacketTooLarge | Driver::StmtParamsNumberExceedsLimit { .. } => {
            SourceErrorKind::Rejected
        }
        Driver::FromValue { .. } | Driver::FromRow { .. } => SourceErrorKind::Undecodable,
        Driver::UnknownAuthPlugin { .. }
        | Driver::MysqlOldPasswordDisabled
        | Driver::CleartextPluginDisabled
        | Driver::NoClientSslFlagFromServer
        | Driver::CantParseServerVersion { .. } => SourceErrorKind::Misconfigured,
        _ => SourceErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(code: u16, state: &str) -> Error {
        Error::Server(ServerError { code, message: "why".into(), state: state.into() })
    }

    #[test]
    fn each_code_says_whether_trying_again_can_help() {
        for (code, state, kind) in [
            (1213, "40001", SourceErrorKind::Busy),
            (1205, "HY000", SourceErrorKind::Busy),
            (1969, "70100", SourceErrorKind::Busy),
            (1040, "08004", SourceErrorKind::Unavailable),
            (1114, "HY000", SourceErrorKind::Unavailable),
            (1062, "23000", SourceErrorKind::Rejected),
            (1048, "23000", SourceErrorKind::Rejected),
            (1452, "23000", SourceErrorKind::Rejected),
            (1264, "22003", SourceErrorKind::Rejected),
            (1366, "HY000", SourceErrorKind::Rejected),
            (1406, "22001", SourceErrorKind::Rejected),
            (4025, "23000", SourceErrorKind::Rejected),
            (1644, "45000", SourceErrorKind::Rejected),
            (1045, "28000", SourceErrorKind::Misconfigured),
            (1049, "42000", SourceErrorKind::Misconfigured),
            (1146, "42S02", SourceErrorKind::Misconfigured),
            (1054, "42S22", SourceErrorKind::Misconfigured),
            (1105, "HY000", SourceErrorKind::Unavailable),
        ] {
            assert_eq!(source_error(&server(code, state)).kind(), kind, "code {code}");
        }
    }

    #[test]
    fn what_became_of_a_commit_is_known_only_when_the_server_rolled_back() {
        assert_eq!(committing(&server(1213, "40001")).kind(), SourceErrorKind::Busy);
        assert_eq!(committing(&server(1180, "HY000")).kind(), SourceErrorKind::Unknown);
        let lost = Error::Io(IoError::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert_eq!(committing(&lost).kind(), SourceErrorKind::Unknown);
        assert_eq!(source_error(&lost).kind(), SourceErrorKind::Unavailable);
    }
}
