//! What a client is told does not depend on the pieces in which its bytes come and go, nor on when
//! the store answers: for pipelines of every command in the table.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::conversation::{Course, conversation, is_same};
use crate::memory::Pace;
use crate::requests::pipeline;
use crate::table::shapes;

/// Lengths to cut by: mostly a few bytes, now and then none or many.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![8 => 0usize..20, 1 => 100usize..4000], 1..12)
}

/// Says both as text, for a person.
fn shown(said: &[u8]) -> String {
    String::from_utf8_lossy(said).into_owned()
}

#[test]
fn the_table_is_told_whole() {
    let names: Vec<Vec<u8>> = shapes().iter().map(|shape| shape.words.join(&b' ')).collect();
    for name in ["get", "hset", "client kill", "cache.fill", "exec", "psubscribe"] {
        assert!(names.contains(&name.as_bytes().to_vec()), "{name}");
    }
    assert!(names.len() > 100, "{}", names.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_split_is_answered_alike(
        input in pipeline(shapes()),
        received in cuts(),
        sent in cuts(),
        answered in vec(0usize..8, 0..8),
        is_later: bool,
    ) {
        let whole = conversation(&input, &Course::default());
        let pace = if is_later { Pace::Later } else { Pace::Now };
        let course = Course { pace, received: &received, sent: &sent, answered: &answered };
        let pieces = conversation(&input, &course);
        let said = [&pieces, &whole, &input].map(|bytes| shown(bytes));
        prop_assert!(is_same(&input, &pieces, &whole), "{said:#?}");
    }
}
