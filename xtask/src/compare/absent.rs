//! Commands that larder will not have: Redis is asked for one that it does not have either.

use super::connection::Answer;
use super::reply::Reply;
use super::rules::ABSENT;
use super::sequence::{Step, frame};

/// Whether larder will not have a command.
fn is_absent(arguments: &[Vec<u8>]) -> bool {
    let Some(first) = arguments.first() else { return false };
    let mut names = ABSENT.iter().flat_map(|(_, names)| *names);
    names.any(|name| first.eq_ignore_ascii_case(name.as_bytes()))
}

/// What Redis gets: a command that larder will not have has a name there that Redis does not know
/// either, so that both answer that there is no such command.
pub(super) fn bytes(step: &Step) -> Vec<u8> {
    match step.arguments() {
        Some(arguments) if is_absent(arguments) => {
            let mut arguments = arguments.to_vec();
            arguments[0] = unknown(&arguments[0]);
            frame(&arguments)
        }
        _ => step.bytes(),
    }
}

fn unknown(name: &[u8]) -> Vec<u8> {
    [b"?", &name[1..]].concat()
}

/// Puts the names back that [`bytes`] has changed.
pub(super) fn restore(steps: &[Step], answers: &mut [Answer]) {
    for (step, answer) in steps.iter().zip(answers) {
        let Some(arguments) = step.arguments().filter(|arguments| is_absent(arguments)) else {
            continue;
        };
        for reply in &mut answer.replies {
            if let Reply::Line(_, text) = reply {
                let unknown = [b"'", unknown(&arguments[0]).as_slice(), b"'"].concat();
                let found = text.windows(unknown.len()).position(|window| window == unknown);
                if let Some(place) = found {
                    text[place + 1] = arguments[0][0];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::connection::End;

    #[test]
    fn absent_commands_are_unknown_to_redis_too() {
        let step = Step::command(vec![b"lpush".into(), b"k".into()]);
        assert!(bytes(&step).starts_with(b"*2\r\n$5\r\n?push\r\n"));
        let said = error("ERR unknown command '?push', with args beginning with: 'k' ");
        let mut answers = [Answer { replies: vec![said], end: End::Complete }];
        restore(&[step], &mut answers);
        let restored = error("ERR unknown command 'lpush', with args beginning with: 'k' ");
        assert_eq!(answers[0].replies, [restored]);
    }

    #[test]
    fn names_are_absent_in_any_case() {
        assert!(is_absent(&[b"lPush".into()]));
        assert!(!is_absent(&[b"get".into()]));
        assert!(!is_absent(&[]));
    }

    fn error(text: &str) -> Reply {
        Reply::Line(b'-', text.into())
    }
}
