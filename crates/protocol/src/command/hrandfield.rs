//! `HRANDFIELD key [count [WITHVALUES]]`: <https://redis.io/commands/hrandfield/>. Of a row it picks
//! among the columns that are not NULL.

use std::collections::{BTreeMap, BTreeSet};

use crate::args::Args;
use crate::command::{Context, Done};
use crate::error::Error;
use crate::frame::{Out, Protocol};
use crate::random::Random;
use crate::value::Fields;

/// How many fields are drawn for one walk over a small hash.
const DRAWN_MIN: usize = 1000;

pub(super) fn run(args: &Args<'_>, context: &mut Context<'_>, out: &mut Out<'_>) -> Done {
    let wanted = Wanted::of(args)?;
    let mut random = Random::seeded(context.seed()?);
    context.read(&args[1], |item| {
        let fields = item.map(|item| item.value.fields()).transpose()?;
        match (wanted, fields.filter(|fields| !fields.is_empty())) {
            (Wanted::One, None) => out.null(),
            (_, None) => out.array(0),
            (wanted, Some(fields)) => wanted.show(fields, &mut random, out),
        }
        Ok(())
    })?
}

#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// The name of a field.
    One,
    /// So many fields, which may repeat.
    Any(usize, Shown),
    /// So many different fields, or all there are.
    Different(usize, Shown),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Names,
    Pairs,
}

impl Wanted {
    fn of(args: &Args<'_>) -> Result<Self, Error> {
        if args.len() == 2 {
            return Ok(Self::One);
        }
        let count = args.integer(2)?;
        if count == i64::MIN {
            let (least, most) = (-i64::MAX, i64::MAX);
            let text = format!("value is out of range, value must between {least} and {most}");
            return Err(Error::plain(text));
        }
        let shown = match args.len() {
            3 => Shown::Names,
            4 if args.is(3, "WITHVALUES") => Shown::Pairs,
            _ => return Err(Error::syntax()),
        };
        if shown == Shown::Pairs && count.unsigned_abs() > i64::MAX as u64 / 2 {
            return Err(Error::plain("value is out of range"));
        }
        let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX / 2);
        Ok(if count < 0 { Self::Any(size, shown) } else { Self::Different(size, shown) })
    }

    fn show(self, fields: &dyn Fields, random: &mut Random, out: &mut Out<'_>) {
        let length = fields.len();
        match self {
            Self::One => Shown::Names.one(fields, random.below(length), out),
            Self::Any(count, shown) => {
                shown.header(count, out);
                shown.any(count, fields, random, out);
            }
            Self::Different(count, shown) if count >= length => {
                shown.header(length, out);
                fields.each(&mut |name, value| shown.pair(name, value, out));
            }
            Self::Different(count, shown) => {
                shown.header(count, out);
                let places = different(count, length, random);
                each_placed(fields, |place, name, value| {
                    if places.contains(&place) {
                        shown.pair(name, value, out);
                    }
                });
            }
        }
    }
}

impl Shown {
    fn header(self, count: usize, out: &mut Out<'_>) {
        match (self, out.protocol()) {
            (Self::Pairs, Protocol::Resp2) => out.array(count.saturating_mul(2)),
            _ => out.array(count),
        }
    }

    /// Fields that may repeat, in the order in which they are drawn. To find a field by its place may
    /// take a walk, so that as many are drawn for one walk as there are fields.
    fn any(self, count: usize, fields: &dyn Fields, random: &mut Random, out: &mut Out<'_>) {
        let (length, mut left) = (fields.len(), count);
        // The count may be larger than any output: the session ends then.
        while left > 0 && !out.is_full() {
            let drawn = left.min(length.max(DRAWN_MIN));
            let places: Vec<usize> = (0..drawn).map(|_| random.below(length)).collect();
            let found = found(&places, fields);
            for (name, value) in places.iter().filter_map(|place| found.get(place)) {
                self.pair(name, value, out);
            }
            left -= drawn;
        }
    }

    fn one(self, fields: &dyn Fields, place: usize, out: &mut Out<'_>) {
        if let Some((name, value)) = fields.at(place) {
            self.pair(&name, &value, out);
        }
    }

    fn pair(self, name: &[u8], value: &[u8], out: &mut Out<'_>) {
        match (self, out.protocol()) {
            (Self::Names, _) => return out.bulk(name),
            (Self::Pairs, Protocol::Resp2) => {}
            (Self::Pairs, Protocol::Resp3) => out.array(2),
        }
        out.bulk(name);
        out.bulk(value);
    }
}

/// Copies of the fields at `places`.
fn found(places: &[usize], fields: &dyn Fields) -> BTreeMap<usize, (Vec<u8>, Vec<u8>)> {
    let mut found: BTreeMap<_, _> =
        places.iter().map(|place| (*place, Default::default())).collect();
    each_placed(fields, |place, name, value| {
        if let Some(field) = found.get_mut(&place) {
            *field = (name.to_vec(), value.to_vec());
        }
    });
    found
}

/// Visits every field with its place.
fn each_placed(fields: &dyn Fields, mut visit: impl FnMut(usize, &[u8], &[u8])) {
    let mut place = 0;
    fields.each(&mut |name, value| {
        visit(place, name, value);
        place += 1;
    });
}

/// `count` different numbers below `length`, which is larger; any such set is as likely as another.
/// As many draws as numbers: Robert Floyd's way (Bentley and Floyd, "A sample of brilliance", 1987).
fn different(count: usize, length: usize, random: &mut Random) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    for last in length - count..length {
        let drawn = random.below(last + 1);
        if !numbers.insert(drawn) {
            numbers.insert(last);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::different;
    use crate::Limits;
    use crate::random::Random;
    use crate::testing::{
        Memory, NOW_UNIX_MS, Pace, WRONG_TYPE, replies, replies_within, says, session,
    };

    const SET: &str = "HSET h a 1 b 2 c 3";

    /// The replies after that of [`SET`], line by line.
    fn lines(script: &str) -> Vec<String> {
        replies(&format!("{SET}\n{script}")).lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn one_field_is_answered_by_its_name() {
        let lines = lines("HRANDFIELD h");
        assert_eq!(lines[0], "$1");
        assert!(["a", "b", "c"].contains(&lines[1].as_str()), "{lines:?}");
        says("HRANDFIELD row:1", "$4\r\nname\r\n");
        says("HRANDFIELD x\nHRANDFIELD x 1\nHRANDFIELD x -1", "$-1\r\n*0\r\n*0\r\n");
    }

    #[test]
    fn a_count_asks_for_different_fields() {
        let lines = lines("HRANDFIELD h 2");
        assert_eq!(lines[0], "*2");
        assert_ne!(lines[2], lines[4]);
        says(&format!("{SET}\nHRANDFIELD h 9"), ":3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
        says(&format!("{SET}\nHRANDFIELD h 0"), ":3\r\n*0\r\n");
    }

    #[test]
    fn a_negative_count_lets_fields_repeat() {
        let lines = lines("HRANDFIELD h -100 withvalues");
        assert_eq!((lines[0].as_str(), lines.len()), ("*200", 1 + 400));
        for pair in lines[1..].chunks(4) {
            assert!(["a1", "b2", "c3"].contains(&format!("{}{}", pair[1], pair[3]).as_str()));
        }
        let names = ["a", "b", "c"].map(|name| lines.iter().filter(|line| *line == name).count());
        assert!(names.iter().all(|count| *count > 10), "{names:?}");
    }

    #[test]
    fn more_fields_than_one_walk_finds_are_answered() {
        let lines = lines("HRANDFIELD h -2500");
        assert_eq!((lines[0].as_str(), lines.len()), ("*2500", 1 + 5000));
    }

    #[test]
    fn values_come_in_pairs_in_resp3() {
        let said =
            replies("HELLO 3\nHSET h a 1\nHRANDFIELD h 1 WITHVALUES\nHRANDFIELD h -1 WITHVALUES");
        assert!(said.ends_with(&"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n".repeat(2)), "{said}");
    }

    #[test]
    fn counts_that_cannot_be() {
        says("HRANDFIELD x y z", "-ERR value is not an integer or out of range\r\n");
        says("HRANDFIELD x 1 z\nHRANDFIELD x 1 WITHVALUES z", &"-ERR syntax error\r\n".repeat(2));
        let range = "-9223372036854775807 and 9223372036854775807";
        let error = format!("-ERR value is out of range, value must between {range}\r\n");
        says("HRANDFIELD x -9223372036854775808 z", &error);
        let error = "-ERR value is out of range\r\n";
        says("HRANDFIELD x -4611686018427387904 WITHVALUES", error);
        says("HRANDFIELD x 4611686018427387903 WITHVALUES", "*0\r\n");
    }

    #[test]
    fn a_string_has_no_fields() {
        let script = "SET a 1\nHRANDFIELD a\nHRANDFIELD a 0";
        says(script, &format!("+OK\r\n{}", WRONG_TYPE.repeat(2)));
    }

    #[test]
    fn more_than_may_be_sent_ends_the_session() {
        let limits = Limits { output_bytes_max: 1000, ..Limits::default() };
        let said = replies_within(limits, "HSET h a 1\nHRANDFIELD h -9223372036854775807");
        assert_eq!(said, "");
    }

    #[test]
    fn requests_draw_differently() {
        let (mut session, mut memory) = (session(), Memory::new(Pace::Now));
        let script = format!("{SET}\n{}", "HRANDFIELD h\n".repeat(100));
        session.receive(script.as_bytes(), NOW_UNIX_MS, &mut memory);
        let said = String::from_utf8_lossy(session.output());
        assert!(["a", "b", "c"].iter().all(|name| said.lines().any(|line| line == *name)));
    }

    #[test]
    fn every_set_of_numbers_is_drawn_about_as_often() {
        let (mut random, mut drawn) = (Random::seeded(1), [0; 16]);
        for _ in 0..6000 {
            let numbers = different(2, 4, &mut random);
            assert_eq!(numbers.len(), 2);
            drawn[numbers.into_iter().fold(0, |set, number| set | 1 << number)] += 1;
        }
        let drawn: Vec<u32> = drawn.into_iter().filter(|times| *times > 0).collect();
        assert!(drawn.len() == 6 && drawn.iter().all(|times| (900..1100).contains(times)));
    }
}
