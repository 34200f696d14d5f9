//! Numbered places whose numbers are never mistaken for one another's.

/// Names what a loop waits for: a place in [`Slots`] together with its generation, or one of the
/// loop's own descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token(u64);

impl Token {
    /// The bell of the loop's mailbox.
    pub(super) const BELL: Self = Self(u64::MAX);
    /// The beginning of a shutdown.
    pub(super) const SHUTDOWN: Self = Self(u64::MAX - 1);

    /// No place: that of a connection which no loop serves yet.
    pub(super) const NOWHERE: Self = Self(u64::MAX - 2);

    /// Above the tokens of all listeners, and of nothing else of the loop's own.
    const LISTENERS_END: u64 = u64::MAX - 3;

    /// The listener `index`.
    pub(super) fn of_listener(index: usize) -> Self {
        Self(Self::LISTENERS_END - index as u64)
    }

    /// Which listener it is, unless it is something else.
    pub(super) fn listener(self) -> Option<usize> {
        let is_listener = self.generation() > GENERATION_MAX && self.0 <= Self::LISTENERS_END;
        is_listener.then(|| (Self::LISTENERS_END - self.0) as usize)
    }

    /// The number to register with the kernel.
    pub(super) fn to_u64(self) -> u64 {
        self.0
    }

    /// The token that was registered as `number`.
    pub(super) fn from_u64(number: u64) -> Self {
        Self(number)
    }

    fn new(index: usize, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | index as u64)
    }

    fn index(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Values in numbered places. A place is used again after a removal, under a new generation, so an
/// event or a wake that was meant for the former value finds nothing.
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    /// The token that the next [`insert`](Self::insert) will answer.
    pub(super) fn upcoming(&self) -> Token {
        match self.free.last() {
            Some(&index) => Token::new(index, self.slots[index].generation),
            None => Token::new(self.slots.len(), 0),
        }
    }

    pub(super) fn insert(&mut self, value: T) -> Token {
        let token = self.upcoming();
        match self.free.pop() {
            Some(index) => self.slots[index].value = Some(value),
            None => self.slots.push(Slot { generation: 0, value: Some(value) }),
        }
        token
    }

    /// The value under `token`, unless that was removed.
    pub(super) fn find(&mut self, token: Token) -> Option<&mut T> {
        let slot = self.slots.get_mut(token.index())?;
        if slot.generation == token.generation() { slot.value.as_mut() } else { None }
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<T> {
        self.find(token)?;
        let slot = &mut self.slots[token.index()];
        slot.generation = slot.generation.wrapping_add(1) & GENERATION_MAX;
        self.free.push(token.index());
        slot.value.take()
    }

    /// The tokens in use.
    pub(super) fn tokens(&self) -> Vec<Token> {
        self.iter().map(|(token, _)| token).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Token, &T)> {
        let named = |(index, slot): (usize, &'_ Slot<T>)| Token::new(index, slot.generation);
        self.slots.iter().enumerate().filter_map(move |at| Some((named(at), at.1.value.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|slot| slot.value.as_mut())
    }
}

/// Keeps the tokens of slots apart from the loop's own.
const GENERATION_MAX: u32 = u32::MAX >> 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_a_former_value_finds_nothing() {
        let mut slots = Slots::new();
        let former = slots.insert("former");
        assert_eq!(slots.remove(former), Some("former"));
        let present = slots.insert("present");
        assert_eq!(present.index(), former.index());
        assert_eq!(slots.find(former), None);
        assert_eq!(slots.remove(former), None);
        assert_eq!(slots.find(present), Some(&mut "present"));
    }

    #[test]
    fn listeners_are_told_from_everything_else() {
        for index in [0, 1, 1000] {
            assert_eq!(Token::of_listener(index).listener(), Some(index));
        }
        let (first, last) = (Token::new(0, 0), Token::new(7, GENERATION_MAX));
        for other in [Token::BELL, Token::SHUTDOWN, Token::NOWHERE, first, last] {
            assert_eq!(other.listener(), None);
        }
    }

    #[test]
    fn the_upcoming_token_is_the_next_one() {
        let mut slots = Slots::new();
        for value in 0..3 {
            let upcoming = slots.upcoming();
            assert_eq!(slots.insert(value), upcoming);
        }
        slots.remove(slots.tokens()[1]);
        let upcoming = slots.upcoming();
        assert_eq!(slots.insert(9), upcoming);
        assert_eq!(slots.tokens().len(), 3);
    }
}
