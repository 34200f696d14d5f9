//! `ACL LOG [count|RESET]`: <https://redis.io/commands/acl-log/>

use crate::acl::LogEntry;
use crate::args::Args;
use crate::command::{Context, Done, lookup};
use crate::frame::Out;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    const COUNT: usize = 10;
    let log = &context.hub.users.log;
    let count = match args.len() {
        2 => COUNT,
        3 if args.is(2, "RESET") => {
            log.clear();
            out.simple("OK");
            return Ok(());
        }
        // Redis shows nothing for a negative number.
        3 => usize::try_from(args.integer(2)?).unwrap_or_default(),
        _ => return Err(lookup::wrong_subcommand(args).into()),
    };
    let entries = log.latest(count);
    out.array(entries.len());
    entries.iter().for_each(|entry| describe(entry, context.now_unix_ms, out));
    Ok(())
}

fn describe(entry: &LogEntry, now_unix_ms: u64, out: &mut Out<'_>) {
    let LogEntry { count, what, at_unix_ms, client } = entry;
    out.map(7);
    out.bulk(b"count");
    out.integer(count.cast_signed());
    let words: [(&str, &[u8]); 4] = [
        ("reason", what.reason.as_bytes()),
        ("context", what.context.as_bytes()),
        ("object", &what.object),
        ("username", &what.user),
    ];
    for (name, word) in words {
        out.bulk(name.as_bytes());
        out.bulk(word);
    }
    out.bulk(b"age-seconds");
    out.double(now_unix_ms.saturating_sub(*at_unix_ms) as f64 / 1000.0);
    out.bulk(b"client-info");
    out.bulk(client);
}

#[cfg(test)]
mod tests {
    use crate::testing::{replies, says};

    const BOB: &str = "ACL SETUSER bob on nopass +acl +get +multi +exec ~a\nAUTH bob x";

    /// What the log says of these requests by a user who may only get `a`, without the clients.
    fn logged(requests: &str) -> Vec<String> {
        let said = replies(&format!("HELLO 3\n{BOB}\n{requests}\nACL LOG"));
        let log = said.rfind("count").map(|_| said.split("%7\r\n").skip(2));
        let entry = |text: &str| {
            let words: Vec<&str> =
                text.split("\r\n").filter(|word| !word.starts_with('$')).collect();
            words[1..words.len()].iter().step_by(2).take(5).copied().collect::<Vec<_>>().join(" ")
        };
        log.into_iter().flatten().map(entry).collect()
    }

    #[test]
    fn denials_are_told_with_what_was_wanted() {
        assert_eq!(
            logged("GET b\nDEL a\nGET b"),
            [":2 key toplevel b bob", ":1 command toplevel del bob"]
        );
    }

    #[test]
    fn what_happens_in_a_transaction_is_told_apart() {
        assert_eq!(logged("MULTI\nGET b\nEXEC"), [":1 key multi b bob"]);
    }

    #[test]
    fn the_log_can_be_cleared_and_shown_in_part() {
        assert_eq!(logged("GET b\nACL LOG RESET"), [""; 0]);
        let said = replies(&format!("{BOB}\nGET b\nDEL a\nACL LOG 1\nACL LOG -1"));
        assert!(said.contains("*1\r\n*14\r\n") && said.ends_with("*0\r\n"), "{said}");
        says("ACL LOG x", "-ERR value is not an integer or out of range\r\n");
        let error =
            "-ERR unknown subcommand or wrong number of arguments for 'log'. Try ACL HELP.\r\n";
        says("ACL log 1 2", error);
    }
}
