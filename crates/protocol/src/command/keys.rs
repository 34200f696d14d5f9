//! `KEYS pattern`: <https://redis.io/commands/keys/>. Shows what is cached, and no row without a
//! copy.

use crate::args::Args;
use crate::command::{Context, Done};
use crate::frame::Out;
use crate::glob::{self, Case};

/// How many keys the store is asked for at a time.
const STRIDE: usize = 1000;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let pattern = &args[1];
    // It shows also the empty key, which the pattern itself would not match.
    let all = pattern == b"*";
    let (mut keys, mut cursor) = (Vec::new(), 0);
    loop {
        cursor = context.scan(cursor, STRIDE, |key, _| {
            if all || glob::matches(pattern, key, Case::Sensitive) {
                keys.push(key.to_vec());
            }
        })?;
        if cursor == 0 {
            break;
        }
    }
    out.array(keys.len());
    keys.iter().for_each(|key| out.bulk(key));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    #[test]
    fn all_that_match_are_shown() {
        let script = "MSET a 1 ab 2 b 3\nKEYS a*\nKEYS *\nKEYS x";
        let two = "*2\r\n$1\r\na\r\n$2\r\nab\r\n";
        says(script, &format!("+OK\r\n{two}*3\r\n$1\r\na\r\n$2\r\nab\r\n$1\r\nb\r\n*0\r\n"));
    }

    #[test]
    fn a_star_shows_the_empty_key_too() {
        says("SET '' 1\nKEYS *\nKEYS **", "+OK\r\n*1\r\n$0\r\n\r\n*0\r\n");
    }

    #[test]
    fn more_than_a_stride_is_shown_whole() {
        let pairs: Vec<String> = (0..2500).map(|number| format!("k{number} v")).collect();
        let said = replies(&format!("MSET {}\nKEYS k*", pairs.join(" ")));
        assert!(said.starts_with("+OK\r\n*2500\r\n"), "{}", &said[..20]);
    }
}
