//! Walks over keys and fields: `SCAN` and `HSCAN` from the first cursor to the last.

use super::connection::{Answer, End};
use super::reply::Reply;
use super::sequence::is;

/// More calls than any walk of a sequence takes.
const CALLS_MAX: usize = 10_000;

/// Where the cursor of a command is, if it is a walk.
fn cursor_place(arguments: &[Vec<u8>]) -> Option<usize> {
    match (is(arguments, 0, "SCAN"), is(arguments, 0, "HSCAN")) {
        (true, _) => Some(1),
        (_, true) => Some(2),
        _ => None,
    }
}

/// If `answer` begins a walk, goes on by `call` until it is over, and puts everything that was found
/// into `answer`.
pub(super) fn finish(
    arguments: &[Vec<u8>],
    answer: &mut Answer,
    mut call: impl FnMut(&[Vec<u8>]) -> Answer,
) {
    let Some(place) = cursor_place(arguments) else { return };
    if arguments.get(place).is_none_or(|cursor| cursor != b"0") {
        return;
    }
    let mut next = arguments.to_vec();
    for _ in 0..CALLS_MAX {
        let Some(cursor) = cursor(answer).filter(|cursor| *cursor != b"0") else { return };
        next[place] = cursor.to_vec();
        let further = call(&next);
        if further.end != End::Complete || !join(answer, &further) {
            *answer = further;
            return;
        }
    }
    answer.end = End::Silent;
}

fn cursor(answer: &Answer) -> Option<&[u8]> {
    match answer.replies.first()?.items()? {
        [cursor, Reply::Many(..)] => cursor.text(),
        _ => None,
    }
}

/// Adds what `further` found, and takes its cursor. `false`: it is not the reply of a walk.
fn join(answer: &mut Answer, further: &Answer) -> bool {
    let (Some(Reply::Many(_, parts)), Some(Reply::Many(_, more))) =
        (answer.replies.first_mut(), further.replies.first())
    else {
        return false;
    };
    let ([cursor, Reply::Many(_, found)], [next, Reply::Many(_, more)]) =
        (parts.as_mut_slice(), more.as_slice())
    else {
        return false;
    };
    *cursor = next.clone();
    found.extend_from_slice(more);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cursor: &str, found: &[&str]) -> Answer {
        let text = |text: &str| Reply::Bulk(b'$', text.into());
        let found = Reply::Many(b'*', found.iter().map(|item| text(item)).collect());
        let replies = vec![Reply::Many(b'*', vec![text(cursor), found])];
        Answer { replies, end: End::Complete }
    }

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.into()).collect()
    }

    #[test]
    fn a_walk_goes_on_to_its_last_cursor() {
        let mut whole = answer("7", &["a"]);
        let mut asked = Vec::new();
        finish(&words("HSCAN h 0 COUNT 1"), &mut whole, |arguments| {
            asked.push(arguments.to_vec());
            if asked.len() == 1 { answer("9", &["b"]) } else { answer("0", &["c"]) }
        });
        assert_eq!(asked, [words("HSCAN h 7 COUNT 1"), words("HSCAN h 9 COUNT 1")]);
        assert_eq!(whole, answer("0", &["a", "b", "c"]));
    }

    #[test]
    fn a_walk_without_an_end_is_given_up() {
        let mut endless = answer("7", &[]);
        finish(&words("SCAN 0"), &mut endless, |_| answer("7", &[]));
        assert_eq!(endless.end, End::Silent);
    }

    #[test]
    fn an_error_on_the_way_is_the_answer() {
        let error = Reply::Line(b'-', b"ERR no".into());
        let failed = Answer { replies: vec![error], end: End::Complete };
        let mut whole = answer("7", &["a"]);
        finish(&words("SCAN 0"), &mut whole, |_| failed.clone());
        assert_eq!(whole, failed);
    }
}
