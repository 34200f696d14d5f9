//! `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`: <https://redis.io/commands/scan/>.
//! Shows what is cached, and no row without a copy.

use crate::args::Args;
use crate::command::walk::{self, Over, Walk};
use crate::command::{Context, Done};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let cursor = walk::cursor(&args[1])?;
    let walk = Walk::of(args, 2, Over::Keys)?;
    let mut keys = Vec::new();
    let next = context.scan(cursor, walk.count, |key, item| {
        let type_name = item.value.type_name().as_bytes();
        if walk.kind.is_none_or(|kind| kind.eq_ignore_ascii_case(type_name)) && walk.admits(key) {
            keys.push(key.to_vec());
        }
    })?;
    out.array(2);
    out.bulk(next.to_string().as_bytes());
    out.array(keys.len());
    keys.iter().for_each(|key| out.bulk(key));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::says;

    fn shown(cursor: &str, keys: &[&str]) -> String {
        let key = |key: &&str| format!("${}\r\n{key}\r\n", key.len());
        let keys: Vec<String> = keys.iter().map(key).collect();
        format!("*2\r\n${}\r\n{cursor}\r\n*{}\r\n{}", cursor.len(), keys.len(), keys.concat())
    }

    #[test]
    fn a_walk_ends_with_cursor_zero() {
        let script = "MSET a 1 b 2 c 3\nSCAN 0 COUNT 2\nSCAN 2 COUNT 2";
        says(script, &format!("+OK\r\n{}{}", shown("2", &["a", "b"]), shown("0", &["c"])));
        says("SCAN 0", &shown("0", &[]));
    }

    #[test]
    fn only_what_matches_is_shown() {
        let script = "MSET a 1 ab 2 b 3\nscan 0 match a*\nSCAN 0 MATCH a? MATCH *";
        let both = shown("0", &["a", "ab"]) + &shown("0", &["a", "ab", "b"]);
        says(script, &format!("+OK\r\n{both}"));
    }

    #[test]
    fn only_what_has_the_type_is_shown() {
        let script = "SET a 1\nHSET h f v\nSCAN 0 TYPE HASH\nSCAN 0 TYPE string\nSCAN 0 TYPE no";
        let all = [shown("0", &["h"]), shown("0", &["a"]), shown("0", &[])].concat();
        says(script, &format!("+OK\r\n:1\r\n{all}"));
    }

    #[test]
    fn wrong_options_are_refused_after_the_cursor() {
        says("SCAN x FOO", "-ERR invalid cursor\r\n");
        for script in ["SCAN 0 FOO", "SCAN 0 MATCH", "SCAN 0 COUNT 0", "SCAN 0 COUNT -1"] {
            says(script, "-ERR syntax error\r\n");
        }
        says("SCAN 0 COUNT x", "-ERR value is not an integer or out of range\r\n");
    }
}
