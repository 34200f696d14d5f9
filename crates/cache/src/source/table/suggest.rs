//! "Did you mean": what exists, for whoever named what does not.

/// Names listed in one sentence.
const LISTED_MAX: usize = 20;

/// A sentence's end that lists the names which exist, the nearest to `wanted` first of all.
pub(crate) fn existing<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() {
        return "there is none".into();
    }
    let mut listed = names.iter().take(LISTED_MAX).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED_MAX {
        listed.push_str(&format!(" and {} more", names.len() - LISTED_MAX));
    }
    match nearest(wanted, &names) {
        Some(name) => format!("did you mean {name:?}? There are: {listed}"),
        None => format!("there are: {listed}"),
    }
}

fn nearest<'a>(wanted: &str, names: &[&'a str]) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    let far = wanted.chars().count() / 3 + 1;
    let distances = names.iter().map(|name| (distance(&wanted, &name.to_lowercase()), *name));
    distances.filter(|(distance, _)| *distance <= far).min().map(|(_, name)| name)
}

/// Levenshtein's distance: the fewest letters put in, taken out or replaced.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("icao", "icao"), 0);
    }

    #[test]
    fn the_nearest_name_is_offered() {
        let sentence = existing("Airprots", ["airports", "runways"]);
        assert_eq!(sentence, "did you mean \"airports\"? There are: airports, runways");
    }

    #[test]
    fn nothing_near_is_only_listed() {
        assert_eq!(existing("x", ["airports"]), "there are: airports");
        assert_eq!(existing("x", []), "there is none");
    }
}
