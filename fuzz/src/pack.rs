//! Many inputs in one file: each is led by a line that says how many bytes it has, and followed by
//! the end of a line.

/// The inputs of a pack; `None` when it is damaged.
pub fn unpacked(pack: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut inputs, mut rest) = (Vec::new(), pack);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let length: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let (input, after) = rest[end + 1..].split_at_checked(length)?;
        inputs.push(input.to_vec());
        rest = after.strip_prefix(b"\n")?;
    }
    Some(inputs)
}
