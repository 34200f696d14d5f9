//! What a client or a configuration may say in order to be taken for SQL, or for something else.

/// As text: quotes, ends of statements, comments, wildcards, parameters, other alphabets.
const TEXTS: [&str; 68] = [
    "'",
    "\"",
    "`",
    "''",
    "\"\"",
    "'\"`",
    ";",
    ";;",
    "--",
    "/*",
    "*/",
    "/**/",
    "-- comment",
    "x'--",
    "\"; DROP TABLE kept; --",
    "'; DROP TABLE kept; --",
    "`; DROP TABLE kept; --",
    "'); DELETE FROM kept; --",
    "\"); DELETE FROM kept; --",
    "' OR '1'='1",
    "\" OR \"1\"=\"1",
    "' OR 1=1 --",
    "1 OR 1=1",
    "' UNION SELECT text FROM kept --",
    "x' AND (SELECT count(*) FROM kept) > 0 --",
    "'||(SELECT text FROM kept)||'",
    "\"||(SELECT text FROM kept)||\"",
    "'; UPDATE kept SET text = 'x'; --",
    "'; PRAGMA writable_schema = 1; --",
    "'; ATTACH DATABASE 'larder.db' AS other; --",
    "'; VACUUM INTO 'stolen.db'; --",
    "load_extension('x')",
    "main.kept",
    "\"main\".\"kept\"",
    "[kept]",
    "sqlite_schema",
    "sqlite_own",
    "rowid",
    "oid",
    "_rowid_",
    "SELECT",
    "select",
    "table",
    "NULL",
    "null",
    "CURRENT_TIMESTAMP",
    "x'41'",
    "?1",
    ":name",
    "@name",
    "$name",
    "%",
    "_",
    "%' ESCAPE '\\",
    "a%b_c",
    "*?[a-z]",
    "\\",
    "\\'",
    "\\\"",
    "\\\\'; --",
    "line\nbreak",
    "line\r\nbreak",
    "\u{2019}; DROP TABLE kept; \u{2014}",
    "\u{ff07}\u{ff1b}\u{2212}\u{2212}",
    "\u{202e}txet",
    "\u{39a}\u{3b5}\u{3c0}\u{442} \u{1f980}",
    "e\u{301} or \u{e9}",
    " blanks ",
];

/// As numbers, or what may be taken for one.
const NUMBERS: [&str; 12] = [
    "7",
    "007",
    "+7",
    "-0",
    "7.0",
    "1e5",
    "0x10",
    "9223372036854775808",
    "inf",
    "NaN",
    "true",
    "1_000",
];

/// As JSON.
const DOCUMENTS: [&str; 7] = [
    "{}",
    "[]",
    r#"{"note":1,"note":"2"}"#,
    r#"{"note":{"hex":"00"},"key":"other"}"#,
    r#"{"note'; DROP TABLE kept; --":1}"#,
    r#"{"note":"'); DELETE FROM kept; --"}"#,
    "{\"note\":1}\u{0}",
];

/// As bytes that are no text, or not only.
const BYTES: [&[u8]; 8] = [
    b"\0",
    b"a\0b",
    b"'\0; DROP TABLE kept; --",
    b"\xff",
    b"\xff\xfe'; --",
    b"\xc0\xa7",
    b"\xe2\x28\xa1",
    b"\xf0\x9f\xa6",
];

/// Everything that is tried.
pub fn payloads() -> Vec<Vec<u8>> {
    let texts = TEXTS.iter().chain(&NUMBERS).chain(&DOCUMENTS).map(|text| text.as_bytes().to_vec());
    let bytes = BYTES.iter().map(|bytes| bytes.to_vec());
    texts.chain(bytes).chain(large()).chain([Vec::new()]).collect()
}

/// What a name of a table or a column can be made of.
pub fn names() -> Vec<&'static str> {
    let can_be = |name: &&str| !name.starts_with("sqlite_");
    TEXTS.into_iter().chain(NUMBERS).chain(DOCUMENTS).filter(can_be).collect()
}

/// Long, and deep.
fn large() -> [Vec<u8>; 4] {
    [
        b"'".repeat(5_000),
        "\"; --".repeat(200).into_bytes(),
        [br#"{"note":"#.as_slice(), &b"[".repeat(5_000), &b"]".repeat(5_000), b"}"].concat(),
        b"x".repeat(100_000),
    ]
}
