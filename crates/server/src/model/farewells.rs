//! Farewells: clients whose connections are over, while their last output is on its way yet.
//!
//! No limit of the service sees such a client any more, so how long it may take has a bound, however
//! much it reads meanwhile.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::slots::Token;

/// How long a client may take for the last output.
pub(super) const FAREWELL_MAX: Duration = Duration::from_secs(10);

/// Those who have been given their time, the first to run out of it in front. One that has left since
/// is found to be gone by its token.
pub(super) struct Farewells {
    span: Duration,
    ends: VecDeque<(Instant, Token)>,
}

impl Farewells {
    /// None yet, each to last no longer than `span`.
    pub(super) fn within(span: Duration) -> Self {
        Self { span, ends: VecDeque::new() }
    }

    /// The connection under `token` is over.
    pub(super) fn begin(&mut self, token: Token) {
        self.ends.push_back((Instant::now() + self.span, token));
    }

    /// How long until the next one is overdue, if there is one.
    pub(super) fn left(&self) -> Option<Duration> {
        self.ends.front().map(|(end, _)| end.saturating_duration_since(Instant::now()))
    }

    /// One that has had its time.
    pub(super) fn overdue(&mut self) -> Option<Token> {
        let now = Instant::now();
        self.ends.pop_front_if(|(end, _)| *end <= now).map(|(_, token)| token)
    }
}

/// Has the kernel throw away what `client` has not read, too, once its socket is closed.
pub(super) fn cut(client: &TcpStream) {
    tracing::debug!("a client took too long for its last output");
    if let Err(error) = sockopt::set_socket_linger(client, Some(Duration::ZERO)) {
        tracing::debug!(%error, "the kernel keeps what a client has not read");
    }
}

/// The shorter of two patiences; none is endless.
pub(super) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::slots::Slots;

    #[test]
    fn each_is_overdue_once_and_the_earliest_first() {
        let mut slots = Slots::new();
        let (first, second) = (slots.insert(1), slots.insert(2));
        let mut farewells = Farewells::within(Duration::ZERO);
        assert_eq!(farewells.left(), None);
        farewells.begin(first);
        farewells.begin(second);
        assert_eq!(farewells.left(), Some(Duration::ZERO));
        assert_eq!([(); 3].map(|()| farewells.overdue()), [Some(first), Some(second), None]);
    }

    #[test]
    fn nobody_is_overdue_before_the_time() {
        let mut farewells = Farewells::within(Duration::from_secs(3600));
        farewells.begin(Token::NOWHERE);
        assert_eq!(farewells.overdue(), None);
        assert!(farewells.left().is_some_and(|left| left > Duration::from_secs(3000)));
    }

    #[test]
    fn a_patience_that_has_an_end_is_shorter_than_one_that_has_none() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(shorter(None, Some(hour)), Some(hour));
        assert_eq!(shorter(Some(hour), Some(second)), Some(second));
        assert_eq!(shorter(None, None), None);
    }
}
