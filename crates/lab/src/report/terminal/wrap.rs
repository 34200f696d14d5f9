//! Text in lines.

/// `text` in lines of at most `width` letters, broken between words; a longer word has a line of its own.
/// There is always a line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let taken = letters(&lines[line]);
        if taken > 0 && taken + 1 + letters(word) > width {
            lines.push(word.to_owned());
            continue;
        }
        if taken > 0 {
            lines[line].push(' ');
        }
        lines[line].push_str(word);
    }
    lines
}

/// How wide `text` is.
pub(super) fn letters(text: &str) -> usize {
    console::measure_text_width(text)
}

/// The letters of the longest word.
pub(super) fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(letters).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("", 7), [""]);
    }

    #[test]
    fn a_long_word_has_a_line_of_its_own() {
        assert_eq!(wrapped("a processor-seconds b", 5), ["a", "processor-seconds", "b"]);
    }
}
