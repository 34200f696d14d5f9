//! How many descriptors the process may have.

use crate::failure::{Failure, Result};
use crate::measure::descriptors::raise_limit;

/// What the process has open beside the connections of a load, and more.
const OTHERS: usize = 64;

/// Sees to it that the process can have so many connections more.
pub(super) fn allow(connections: usize) -> Result<()> {
    let limit = raise_limit();
    match connections <= limit.saturating_sub(OTHERS) {
        true => Ok(()),
        false => Err(Failure::misuse(format!(
            "{connections} connections need more descriptors than the {limit} that this process may have: \
             raise the limit (ulimit -n), or ask for fewer"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_does_not_allow_is_refused_with_the_remedy() {
        allow(1).unwrap();
        let refused = allow(usize::MAX).unwrap_err().to_string();
        assert!(refused.contains("ulimit -n"), "{refused}");
    }
}
