//! What is sent: requests of the workload, and the greeting before them.

use crate::generator::{Kind, Script};
use crate::workload::{Operation, Operations, Random};

use super::options::Plan;

/// Encodes requests.
pub(super) struct Requests {
    prefix: Vec<u8>,
    value: Vec<u8>,
    greeting: Vec<u8>,
    greeting_count: usize,
}

impl Requests {
    /// For keys with that prefix, and values of that length.
    pub(super) fn new(prefix: &str, value_bytes: usize) -> Self {
        let mut random = Random::seeded(0);
        let value = (0..value_bytes).map(|_| b'a' + random.below(26) as u8).collect();
        let prefix = prefix.as_bytes().to_vec();
        Self { prefix, value, greeting: Vec::new(), greeting_count: 0 }
    }

    /// With what is said first: the version of the protocol, if it is not the one that servers begin with,
    /// and who asks.
    pub(super) fn greeting_with(
        mut self,
        version: u8,
        user: Option<&str>,
        password: Option<&str>,
    ) -> Self {
        let out = &mut self.greeting;
        let name = user.unwrap_or("default").as_bytes();
        self.greeting_count = 1;
        match (version, password.map(str::as_bytes)) {
            (3, None) => command(&[b"HELLO", b"3"], out),
            (3, Some(password)) => command(&[b"HELLO", b"3", b"AUTH", name, password], out),
            (_, Some(password)) if user.is_some() => command(&[b"AUTH", name, password], out),
            // Without a name even a server that knows no users understands it.
            (_, Some(password)) => command(&[b"AUTH", password], out),
            _ => self.greeting_count = 0,
        }
        self
    }

    /// What is said first, and how many requests these are.
    pub(super) fn greeting(&self) -> (&[u8], usize) {
        (&self.greeting, self.greeting_count)
    }

    /// How long a value is.
    pub(super) fn value_bytes(&self) -> usize {
        self.value.len()
    }

    /// Appends a request.
    pub(super) fn encode(&self, operation: Operation, out: &mut Vec<u8>) {
        match operation {
            Operation::Read(key) => {
                out.extend_from_slice(b"*2\r\n$3\r\nGET\r\n");
                self.key(key, out);
            }
            Operation::Write(key) => {
                out.extend_from_slice(b"*3\r\n$3\r\nSET\r\n");
                self.key(key, out);
                bulk(&[&self.value], out);
            }
        }
    }

    fn key(&self, key: u64, out: &mut Vec<u8>) {
        bulk(&[&self.prefix, Digits::of(key).as_bytes()], out);
    }
}

/// Appends a request of these words.
pub(super) fn command(words: &[&[u8]], out: &mut Vec<u8>) {
    out.push(b'*');
    out.extend_from_slice(Digits::of(words.len() as u64).as_bytes());
    out.extend_from_slice(b"\r\n");
    words.iter().for_each(|word| bulk(&[word], out));
}

/// Appends one string, given in pieces.
fn bulk(pieces: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    out.push(b'$');
    out.extend_from_slice(Digits::of(length as u64).as_bytes());
    out.extend_from_slice(b"\r\n");
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
    out.extend_from_slice(b"\r\n");
}

/// The decimal digits of a number, without the cost of formatting, which would be among the largest.
struct Digits {
    /// The number stands at the end.
    bytes: [u8; 20],
    begin: usize,
}

impl Digits {
    fn of(mut number: u64) -> Self {
        let (mut bytes, mut begin) = ([b'0'; 20], 20);
        loop {
            begin -= 1;
            bytes[begin] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { bytes, begin };
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.begin..]
    }
}

/// What one connection asks.
pub(super) struct Client<'a> {
    plan: &'a Plan,
    operations: Operations,
}

impl<'a> Client<'a> {
    pub(super) fn new(plan: &'a Plan, operations: Operations) -> Self {
        Self { plan, operations }
    }
}

impl Script for Client<'_> {
    fn greeting(&mut self, out: &mut Vec<u8>) -> usize {
        let (greeting, count) = self.plan.requests.greeting();
        out.extend_from_slice(greeting);
        count
    }

    fn request(&mut self, out: &mut Vec<u8>) -> Kind {
        let operation = self.operations.draw();
        self.plan.requests.encode(operation, out);
        match operation {
            Operation::Read(_) => Kind::Read,
            Operation::Write(_) => Kind::Write,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(version: u8, user: Option<&str>, password: Option<&str>) -> String {
        let requests = Requests::new("", 0).greeting_with(version, user, password);
        let (greeting, count) = requests.greeting();
        assert_eq!(greeting.is_empty(), count == 0);
        String::from_utf8_lossy(greeting).replace("\r\n", " ")
    }

    #[test]
    fn requests_are_in_resp() {
        let requests = Requests::new("key:", 3);
        let mut out = Vec::new();
        requests.encode(Operation::Read(1203), &mut out);
        assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$8\r\nkey:1203\r\n");
        out.clear();
        requests.encode(Operation::Write(0), &mut out);
        let value = String::from_utf8_lossy(&out);
        let value = value.strip_prefix("*3\r\n$3\r\nSET\r\n$5\r\nkey:0\r\n$3\r\n").unwrap();
        assert_eq!(value.trim_end().len(), 3);
    }

    #[test]
    fn numbers_have_their_digits() {
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            assert_eq!(Digits::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn a_greeting_says_what_has_to_be_said() {
        assert_eq!(greeting(2, None, None), "");
        assert_eq!(greeting(2, None, Some("p")), "*2 $4 AUTH $1 p ");
        assert_eq!(greeting(2, Some("u"), Some("p")), "*3 $4 AUTH $1 u $1 p ");
        assert_eq!(greeting(3, None, None), "*2 $5 HELLO $1 3 ");
        let all = "*5 $5 HELLO $1 3 $4 AUTH $7 default $1 p ";
        assert_eq!(greeting(3, None, Some("p")), all);
    }
}
