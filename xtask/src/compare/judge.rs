//! Whether two answers are the same, as far as they have to be.

use super::connection::Answer;
use super::reply::Reply;
use super::rules::{self, Tolerance};
use super::sequence::is;

/// Whether the two servers answered a step alike.
pub(super) fn alike(arguments: &[Vec<u8>], redis: &Answer, larder: &Answer) -> bool {
    let any_order = rules::find(arguments).any(|rule| rule.tolerance == Tolerance::ReplyOrder);
    let (a, b) = (&redis.replies, &larder.replies);
    redis.end == larder.end
        && a.len() == b.len()
        && (a.iter().zip(b).all(|(a, b)| same(arguments, a, b))
            || (any_order && columns(a) == columns(b)))
}

/// What the replies have at their first place, at their second, and so on, in order.
fn columns(replies: &[Reply]) -> Vec<Vec<&Reply>> {
    let width = replies.iter().filter_map(Reply::items).map(<[_]>::len).max().unwrap_or_default();
    let column = |place: usize| {
        let found = replies.iter().filter_map(Reply::items).filter_map(|items| items.get(place));
        let mut column: Vec<_> = found.collect();
        column.sort();
        column
    };
    (0..width).map(column).collect()
}

/// Whether `EXEC` was answered alike, of a transaction of these commands.
pub(super) fn transaction_alike(queued: &[&[Vec<u8>]], redis: &Answer, larder: &Answer) -> bool {
    match (redis.replies.as_slice(), larder.replies.as_slice()) {
        ([Reply::Many(b'*', a)], [Reply::Many(b'*', b)]) if redis.end == larder.end => {
            a.len() == b.len()
                && a.len() == queued.len()
                && queued.iter().zip(a).zip(b).all(|((queued, a), b)| same(queued, a, b))
        }
        _ => redis == larder,
    }
}

/// Whether the messages to a client are alike: those of each subscription in their order. In which
/// order a message goes to the subscriptions that it matches is undefined. Of messages about changes
/// that were `joined`, it is undefined which of them tells of which key.
pub(super) fn messages_alike(redis: &[Reply], larder: &[Reply], joined: bool) -> bool {
    let by_subscription = |messages: &[Reply]| {
        let mut messages = messages.to_vec();
        if joined {
            messages = messages.iter().flat_map(keys_apart).collect();
            messages.sort();
            messages.dedup();
        }
        messages.sort_by(|a, b| subscription(a).cmp(subscription(b)));
        messages
    };
    by_subscription(redis) == by_subscription(larder)
}

/// A message for each key that a message tells of.
fn keys_apart(message: &Reply) -> Vec<Reply> {
    match message.items() {
        Some([kind, Reply::Many(b'*', keys)]) => {
            keys.iter().map(|key| Reply::Many(b'>', vec![kind.clone(), key.clone()])).collect()
        }
        _ => vec![message.clone()],
    }
}

/// A message without what it says.
fn subscription(message: &Reply) -> &[Reply] {
    let parts = message.items().unwrap_or_default();
    parts.split_last().map_or(parts, |(_, subscription)| subscription)
}

/// Whether one reply to a command is the same as another.
pub(super) fn same(arguments: &[Vec<u8>], redis: &Reply, larder: &Reply) -> bool {
    redis == larder
        || rules::find(arguments).any(|rule| tolerates(rule.tolerance, arguments, redis, larder))
}

fn tolerates(tolerance: Tolerance, arguments: &[Vec<u8>], redis: &Reply, larder: &Reply) -> bool {
    if tolerance == Tolerance::Anything {
        return true;
    }
    let alike = redis.kind() == larder.kind() && is_null(redis) == is_null(larder);
    let lacks = tolerance == Tolerance::ValueOrNull && is_null(larder);
    if !(alike || lacks) || redis.is_error() {
        return false;
    }
    match tolerance {
        Tolerance::Order => sorted(redis, 1) == sorted(larder, 1),
        Tolerance::PairOrder => sorted(redis, 2) == sorted(larder, 2),
        Tolerance::WordOrder => words_sorted(redis) == words_sorted(larder),
        Tolerance::Choice => sizes(redis) == sizes(larder),
        Tolerance::Number(most) => near(redis, larder, most),
        Tolerance::Items | Tolerance::Value | Tolerance::ValueOrNull | Tolerance::Anything => true,
        Tolerance::Walk => walks_alike(arguments, redis, larder),
        Tolerance::ReplyOrder => false,
        Tolerance::Fields(names) => without(redis, names) == without(larder, names),
        Tolerance::Parameters => has_pattern(arguments) || sorted(redis, 2) == sorted(larder, 2),
        Tolerance::FewerItems => fewer(redis, larder),
    }
}

fn is_null(reply: &Reply) -> bool {
    matches!(reply, Reply::Null(_)) || reply.kind() == b'_'
}

/// The items in groups of that size, in their order by value.
fn sorted(reply: &Reply, group: usize) -> Vec<&[Reply]> {
    let mut groups: Vec<_> = reply.items().unwrap_or_default().chunks(group).collect();
    groups.sort();
    groups
}

/// A reply with the words of its texts in their order by value, without those of larder alone.
fn words_sorted(reply: &Reply) -> Reply {
    match reply {
        Reply::Bulk(kind, text) => {
            let words = text.split(|byte| *byte == b' ').filter(|word| !is_about_own(word));
            let mut words: Vec<_> = words.collect();
            words.sort_unstable();
            Reply::Bulk(*kind, words.join(&b' '))
        }
        Reply::Many(kind, items) => Reply::Many(*kind, items.iter().map(words_sorted).collect()),
        Reply::Line(..) | Reply::Null(_) => reply.clone(),
    }
}

/// Whether a rule is about a command or the category that only larder has.
fn is_about_own(rule: &[u8]) -> bool {
    let Some((b'+' | b'-', about)) = rule.split_first() else { return false };
    is_own_name(about.strip_prefix(b"@").unwrap_or(about))
}

/// What is left of a random choice: how many there are, and of which kinds.
fn sizes(reply: &Reply) -> Vec<(u8, usize)> {
    let size = |item: &Reply| (item.kind(), item.items().map_or(0, <[Reply]>::len));
    let mut sizes = vec![size(reply)];
    sizes.extend(reply.items().unwrap_or_default().iter().map(size));
    sizes
}

fn near(redis: &Reply, larder: &Reply, most: i64) -> bool {
    let number = |reply: &Reply| {
        let text = reply.text().and_then(|text| std::str::from_utf8(text).ok());
        text.and_then(|text| text.parse::<i64>().ok()).filter(|number| *number >= 0)
    };
    number(redis).zip(number(larder)).is_some_and(|(a, b)| a.abs_diff(b) <= most.unsigned_abs())
}

/// Whether two walks found the same. In a transaction one may be over and the other not: it has then
/// found a part of that.
fn walks_alike(arguments: &[Vec<u8>], redis: &Reply, larder: &Reply) -> bool {
    let (redis, larder) = (found(arguments, redis), found(arguments, larder));
    let has = |all: &[&[Reply]], part: &[&[Reply]]| part.iter().all(|item| all.contains(item));
    match (redis, larder) {
        ((true, redis), (true, larder)) => redis == larder,
        ((true, all), (false, part)) | ((false, part), (true, all)) => has(&all, &part),
        ((false, _), (false, _)) => true,
    }
}

/// Whether a walk went from the beginning to the end, and what it found.
fn found<'a>(arguments: &[Vec<u8>], reply: &'a Reply) -> (bool, Vec<&'a [Reply]>) {
    let fields = is(arguments, 0, "HSCAN");
    let from_beginning =
        arguments.get(1 + usize::from(fields)).is_some_and(|cursor| cursor == b"0");
    let Some([cursor, found]) = reply.items() else { return (false, Vec::new()) };
    let mut found = sorted(found, 1 + usize::from(fields));
    found.dedup();
    (from_beginning && cursor.text() == Some(b"0"), found)
}

/// A reply without the values of those fields, however deep they are.
fn without(reply: &Reply, names: &[&str]) -> Reply {
    let Reply::Many(kind, items) = reply else { return reply.clone() };
    let mut kept = Vec::new();
    let mut hidden = false;
    for item in items {
        kept.push(if hidden { Reply::Null(b'$') } else { without(item, names) });
        let name = item.text().filter(|_| !hidden);
        hidden = name.is_some_and(|name| names.iter().any(|other| other.as_bytes() == name));
    }
    Reply::Many(*kind, kept)
}

/// Whether larder has some of what Redis has, or a smaller number of it.
fn fewer(redis: &Reply, larder: &Reply) -> bool {
    match (redis.items(), larder.items()) {
        (Some(redis), Some(larder)) => {
            let name =
                |item: &Reply| item.items().map_or(Some(item.clone()), |i| i.first().cloned());
            let names: Vec<_> = redis.iter().map(name).collect();
            larder.iter().all(|item| own(item) || names.contains(&name(item)))
        }
        _ => true,
    }
}

fn has_pattern(arguments: &[Vec<u8>]) -> bool {
    arguments.iter().flatten().any(|byte| b"*?[".contains(byte))
}

/// Whether it is a command or a category that only larder has.
fn own(item: &Reply) -> bool {
    let first = item.items().and_then(<[Reply]>::first).unwrap_or(item);
    first.text().is_some_and(is_own_name)
}

fn is_own_name(name: &[u8]) -> bool {
    const LATER: [&[u8]; 2] = [b"client|no-touch", b"client|setinfo"];
    name == b"cache" || name.starts_with(b"cache.") || LATER.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::connection::End;

    fn judged(line: &str, redis: &str, larder: &str) -> bool {
        let arguments: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().into()).collect();
        let reply = |text: &str| Reply::decode(text.as_bytes()).unwrap().unwrap().reply;
        same(&arguments, &reply(redis), &reply(larder))
    }

    #[test]
    fn without_a_rule_every_byte_counts() {
        assert!(judged("GET a", "$1\r\nx\r\n", "$1\r\nx\r\n"));
        assert!(!judged("GET a", "$1\r\nx\r\n", "+x\r\n"));
        assert!(!judged("GET a", "$-1\r\n", "*-1\r\n"));
    }

    #[test]
    fn order_is_free_where_it_is_undefined() {
        assert!(judged("KEYS *", "*2\r\n+a\r\n+b\r\n", "*2\r\n+b\r\n+a\r\n"));
        assert!(!judged("KEYS *", "*2\r\n+a\r\n+b\r\n", "*2\r\n+b\r\n+b\r\n"));
        let pairs = "*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n";
        assert!(judged("HGETALL h", pairs, "*4\r\n+b\r\n:2\r\n+a\r\n:1\r\n"));
        assert!(!judged("HGETALL h", pairs, "*4\r\n+b\r\n:1\r\n+a\r\n:2\r\n"));
        assert!(!judged("HGETALL h", pairs, "%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n"));
    }

    #[test]
    fn the_order_of_words_is_free_where_it_is_undefined() {
        assert!(judged("ACL LIST", "*1\r\n$7\r\nu -a -b\r\n", "*1\r\n$7\r\nu -b -a\r\n"));
        assert!(!judged("ACL LIST", "*1\r\n$7\r\nu -a -b\r\n", "*1\r\n$7\r\nu -b -c\r\n"));
        assert!(judged("ACL LIST", "*1\r\n$4\r\nu -a\r\n", "*1\r\n$16\r\nu -a -cache.drop\r\n"));
        assert!(judged("ACL LIST", "*1\r\n$4\r\nu -a\r\n", "*1\r\n$12\r\nu -@cache -a\r\n"));
        assert!(!judged("ACL LIST", "*1\r\n$4\r\nu -a\r\n", "*1\r\n$10\r\nu cache -a\r\n"));
        assert!(!judged("ACL LIST", "*1\r\n$4\r\nu -a\r\n", "*1\r\n$11\r\nu -@hash -a\r\n"));
    }

    #[test]
    fn parameters_are_the_same_when_they_are_named() {
        let (one, other) = ("*2\r\n+a\r\n:1\r\n", "*2\r\n+a\r\n:2\r\n");
        assert!(judged("CONFIG GET *", one, other));
        assert!(!judged("CONFIG GET a", one, other));
        assert!(judged("CONFIG GET a", one, one));
    }

    #[test]
    fn numbers_are_near_unless_they_mean_something() {
        assert!(judged("TTL a", ":100\r\n", ":99\r\n"));
        assert!(!judged("TTL a", ":100\r\n", ":50\r\n"));
        assert!(!judged("TTL a", ":-1\r\n", ":-2\r\n"));
    }

    #[test]
    fn errors_are_never_tolerated() {
        assert!(!judged("TIME", "*2\r\n+1\r\n+2\r\n", "-ERR no\r\n"));
        assert!(!judged("TIME a", "-ERR a\r\n", "-ERR b\r\n"));
    }

    #[test]
    fn only_larder_may_have_nothing_to_tell_of() {
        let (size, null) = (":64\r\n", "$-1\r\n");
        assert!(judged("MEMORY USAGE a", size, ":128\r\n"));
        assert!(judged("MEMORY USAGE a", size, null));
        assert!(!judged("MEMORY USAGE a", null, size));
        assert!(!judged("MEMORY USAGE a", "-ERR a\r\n", null));
        assert!(!judged("OBJECT IDLETIME a", size, null));
    }

    #[test]
    fn a_whole_walk_finds_the_same() {
        let walk = "*2\r\n$1\r\n0\r\n*2\r\n+a\r\n+b\r\n";
        assert!(judged("SCAN 0", walk, "*2\r\n$1\r\n0\r\n*3\r\n+b\r\n+a\r\n+b\r\n"));
        assert!(!judged("SCAN 0", walk, "*2\r\n$1\r\n0\r\n*1\r\n+b\r\n"));
        assert!(judged("SCAN 5", walk, "*2\r\n$1\r\n0\r\n*1\r\n+b\r\n"));
    }

    #[test]
    fn a_walk_that_is_not_over_finds_a_part_of_what_a_whole_one_finds() {
        let whole = "*2\r\n$1\r\n0\r\n*2\r\n+a\r\n+b\r\n";
        let part = |found: &str| format!("*2\r\n$1\r\n7\r\n*1\r\n+{found}\r\n");
        assert!(judged("SCAN 0", whole, &part("b")) && judged("SCAN 0", &part("b"), whole));
        assert!(!judged("SCAN 0", whole, &part("c")) && !judged("SCAN 0", &part("c"), whole));
        assert!(judged("SCAN 0", &part("a"), &part("b")));
    }

    #[test]
    fn fields_of_the_moment_are_left_out() {
        assert!(judged(
            "HELLO",
            "*4\r\n+id\r\n:3\r\n+a\r\n:1\r\n",
            "*4\r\n+id\r\n:4\r\n+a\r\n:1\r\n"
        ));
        assert!(!judged("HELLO", "*2\r\n+a\r\n:3\r\n", "*2\r\n+a\r\n:4\r\n"));
    }

    #[test]
    fn a_client_leaves_all_channels_in_any_order() {
        let left = |channels: [&str; 2]| {
            let reply = |(channel, left): (&str, &str)| {
                let channel = Reply::Bulk(b'$', channel.into());
                Reply::Many(b'*', vec![channel, Reply::Line(b':', left.into())])
            };
            let replies = channels.into_iter().zip(["1", "0"]).map(reply).collect();
            Answer { replies, end: End::Complete }
        };
        let (a, b, c) = (left(["a", "b"]), left(["b", "a"]), left(["a", "c"]));
        let unsubscribe = [b"UNSUBSCRIBE".to_vec()];
        assert!(alike(&unsubscribe, &a, &b));
        assert!(!alike(&unsubscribe, &a, &c));
        assert!(!alike(&[b"OTHER".to_vec()], &a, &b));
    }

    #[test]
    fn messages_are_in_order_for_each_subscription() {
        let message = |pattern: &str, said: &str| {
            let parts = ["pmessage", pattern, said].map(|part| Reply::Bulk(b'$', part.into()));
            Reply::Many(b'*', parts.to_vec())
        };
        let (a, b, c) = (message("*", "1"), message("x*", "1"), message("*", "2"));
        let said = [a.clone(), b.clone(), c.clone()];
        assert!(messages_alike(&said, &[b.clone(), a.clone(), c.clone()], false));
        assert!(!messages_alike(&said, &[c, b.clone(), a.clone()], false));
        assert!(!messages_alike(&said, &[a, b], false));
    }

    #[test]
    fn joined_changes_are_told_in_any_message() {
        let told = |keys: &[&str]| {
            let key = |key: &&str| Reply::Bulk(b'$', key.as_bytes().into());
            let keys = Reply::Many(b'*', keys.iter().map(key).collect());
            Reply::Many(b'>', vec![Reply::Bulk(b'$', b"invalidate".into()), keys])
        };
        let (all, apart) = ([told(&["a", "b"])], [told(&["b"]), told(&["a"]), told(&["b"])]);
        assert!(messages_alike(&all, &apart, true));
        assert!(!messages_alike(&all, &apart, false));
        assert!(!messages_alike(&all, &apart[..1], true));
    }

    #[test]
    fn larder_may_have_less_and_its_own() {
        let all = "*2\r\n+get\r\n+lpush\r\n";
        assert!(judged("COMMAND LIST", all, "*2\r\n+cache.drop\r\n+get\r\n"));
        assert!(!judged("COMMAND LIST", all, "*1\r\n+got\r\n"));
    }
}
