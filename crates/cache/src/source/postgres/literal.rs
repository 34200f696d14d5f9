//! JSON arrays as PostgreSQL writes arrays
//! (<https://www.postgresql.org/docs/current/arrays.html>, "Array Input and Output Syntax").

use serde_json::value::RawValue;

/// Most dimensions that an array of PostgreSQL has.
const DIMENSIONS_MAX: usize = 6;

/// The literal of a JSON array; `None` when it is none, or nested more deeply than an array can be.
///
/// Numbers keep their digits. Where the elements are `documents`, each is its JSON text.
pub(super) fn array(json: &str, documents: bool) -> Option<String> {
    let mut literal = String::with_capacity(json.len());
    append_array(&mut literal, json, documents, DIMENSIONS_MAX)?;
    Some(literal)
}

fn append_array(
    literal: &mut String,
    json: &str,
    documents: bool,
    dimensions: usize,
) -> Option<()> {
    let dimensions = dimensions.checked_sub(1)?;
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    literal.push('{');
    for (at, element) in elements.into_iter().enumerate() {
        if at > 0 {
            literal.push(',');
        }
        let element = element.get();
        match element.as_bytes().first() {
            Some(b'n') => literal.push_str("NULL"),
            _ if documents => append_quoted(literal, element),
            Some(b'[') => append_array(literal, element, documents, dimensions)?,
            Some(b'"') => append_quoted(literal, &serde_json::from_str::<String>(element).ok()?),
            Some(b'{') => append_quoted(literal, element),
            _ => literal.push_str(element),
        }
    }
    literal.push('}');
    Some(())
}

fn append_quoted(literal: &mut String, text: &str) {
    literal.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_as_they_are_and_text_is_quoted() {
        let literal =
            array(r#"[1, -0.10000000000000000001, true, null, "a,\"\\é", "NULL"]"#, false);
        let expected = r#"{1,-0.10000000000000000001,true,NULL,"a,\"\\é","NULL"}"#;
        assert_eq!(literal.as_deref(), Some(expected));
        assert_eq!(array("[]", false).as_deref(), Some("{}"));
    }

    #[test]
    fn arrays_of_arrays_are_dimensions() {
        assert_eq!(array("[[1,2],[3,4]]", false).as_deref(), Some("{{1,2},{3,4}}"));
        assert_eq!(array(&format!("{}{}", "[".repeat(7), "]".repeat(7)), false), None);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(array(&deep, false), None);
    }

    #[test]
    fn documents_are_their_text() {
        let literal = array(r#"[{"a":1}, "x", [2], null]"#, true);
        assert_eq!(literal.as_deref(), Some(r#"{"{\"a\":1}","\"x\"","[2]",NULL}"#));
        assert_eq!(array(r#"[{"a":1}]"#, false).as_deref(), Some(r#"{"{\"a\":1}"}"#));
    }

    #[test]
    fn what_is_no_array_has_no_literal() {
        for json in ["1", "{}", "[1", "", "[1] x"] {
            assert_eq!(array(json, false), None, "{json}");
        }
    }
}
