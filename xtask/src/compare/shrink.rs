//! The shortest sequence that still differs.

use super::pair::{Difference, Pair};
use super::sequence::{Sequence, Step};
use crate::failure::Result;

/// Leaves out steps as long as the same difference is there.
///
/// # Errors
///
/// A server does not start.
pub(super) fn shrink(
    pair: &mut Pair,
    mut sequence: Sequence,
    mut difference: Difference,
) -> Result<(Sequence, Difference)> {
    sequence.steps.truncate(difference.step + 1);
    let mut size = sequence.steps.len() / 2;
    while size > 0 {
        let mut start = 0;
        let mut shorter = false;
        while start < sequence.steps.len() {
            let attempt = without(&sequence, start, size);
            match still_differs(pair, &attempt, &difference)? {
                Some(found) => {
                    (sequence, difference, shorter) = (attempt, found, true);
                    sequence.steps.truncate(difference.step + 1);
                }
                None => start += size,
            }
        }
        if !(shorter && size == 1) {
            size /= 2;
        }
    }
    Ok((sequence, difference))
}

fn without(sequence: &Sequence, start: usize, size: usize) -> Sequence {
    let left_out = start..(start + size).min(sequence.steps.len());
    let steps = sequence.steps.iter().enumerate();
    let kept = steps.filter(|(place, _)| !left_out.contains(place));
    let steps: Vec<Step> = kept.map(|(_, step)| step.clone()).collect();
    Sequence { title: sequence.title.clone(), steps }
}

fn still_differs(
    pair: &mut Pair,
    attempt: &Sequence,
    difference: &Difference,
) -> Result<Option<Difference>> {
    if attempt.steps.is_empty() {
        return Ok(None);
    }
    let found = pair.play(attempt)?.difference;
    Ok(found.filter(|found| found.class() == difference.class()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::pair::Subject;
    use crate::compare::script::step;

    #[test]
    fn the_steps_that_matter_are_left() {
        let mut pair = Pair::start(&Subject::Redis(&["--hash-max-listpack-entries", "1"])).unwrap();
        let lines = "SET k v\nHSET h a 1\n2: HSET h a 2\nGET k\nHSET h b 2\n2: PING\nDEL k\nGET k\n\
                     OBJECT ENCODING h\nGET k";
        let steps = lines.lines().map(|line| step(line).unwrap()).collect();
        let sequence = Sequence { title: "encodings".to_owned(), steps };
        let difference = pair.play(&sequence).unwrap().difference.unwrap();
        assert_eq!((difference.step, difference.name.as_str()), (8, "OBJECT ENCODING"));
        let (shortest, difference) = shrink(&mut pair, sequence, difference).unwrap();
        assert_eq!(shortest.steps.len(), 3, "{shortest:?}");
        assert_eq!(difference.larder.replies[0].to_string(), "\"hashtable\"");
    }

    #[test]
    fn steps_are_left_out_up_to_the_end() {
        let step = |name: &str| Step::command(vec![name.into()]);
        let steps = ["A", "B", "C"].map(step).to_vec();
        let sequence = Sequence { title: String::new(), steps };
        let names = |sequence: Sequence| {
            sequence.steps.iter().map(Step::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(without(&sequence, 0, 2)), "C");
        assert_eq!(names(without(&sequence, 1, 1)), "A C");
        assert_eq!(names(without(&sequence, 2, 2)), "A B");
    }
}
