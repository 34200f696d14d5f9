//! A line: the Unix socket between a worker and its parent that carries one client's conversation.
//!
//! Up goes what the client sends, byte by byte as it came, and the end of it as the end of the stream.
//! Where the parent has not seen the client itself, a greeting goes ahead that says which way it came.
//! Down come frames: output for the client, and marks.
//!
//! ```text
//! up      [listener peer local \n]  bytes of the client ...
//! down    | length | output ... | length | output ... | 0 | received | mandate |
//! ```
//!
//! A mark says: of all that you have passed on, so many bytes have been received, and everything that
//! there is to say to it has come before this. So a worker that has passed on no more than that knows
//! that nothing is in flight, and may [answer](super::worker::Deputy) what comes next under the
//! mandate of the mark. Whatever it passes on, and whatever output comes, ends that.

use super::{Arrival, Mandate};

/// The longest greeting: two addresses of IPv6 with their scopes, and more than enough.
const GREETING_BYTES_MAX: usize = 256;

/// The length of a frame of output.
const LENGTH: usize = size_of::<u32>();

/// What follows a length of zero.
const MARK: usize = 2 * size_of::<u64>();

/// All has been received up to here, and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many bytes, the greeting not among them.
    pub(super) received: u64,
    pub(super) mandate: Mandate,
}

/// What came down a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// Bytes for the client.
    Output(&'a [u8]),
    Mark(Mark),
}

/// Writes the greeting of a client that came this way.
pub(super) fn greeting(arrival: &Arrival) -> String {
    let Arrival { listener, peer, local } = arrival;
    format!("{listener} {peer} {local}\n")
}

/// Collects a greeting that may come in pieces.
#[derive(Debug, Default)]
pub(super) struct Greeted {
    text: Vec<u8>,
}

/// A line that does not begin with a greeting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotGreeted;

impl Greeted {
    /// Takes in what has come; once the greeting is there, answers what it says and what is behind it.
    pub(super) fn hear<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<Option<(Arrival, &'a [u8])>, NotGreeted> {
        let (piece, rest) = match bytes.iter().position(|&byte| byte == b'\n') {
            Some(end) => (&bytes[..end], Some(&bytes[end + 1..])),
            None => (bytes, None),
        };
        if self.text.len() + piece.len() > GREETING_BYTES_MAX {
            return Err(NotGreeted);
        }
        self.text.extend_from_slice(piece);
        let Some(rest) = rest else { return Ok(None) };
        let arrival = str::from_utf8(&self.text).ok().and_then(arrival);
        arrival.map(|arrival| Some((arrival, rest))).ok_or(NotGreeted)
    }
}

fn arrival(text: &str) -> Option<Arrival> {
    let mut words = text.split(' ');
    let mut next = || words.next();
    let (listener, peer, local) = (next()?, next()?, next()?);
    let arrival = Arrival {
        listener: listener.parse().ok()?,
        peer: peer.parse().ok()?,
        local: local.parse().ok()?,
    };
    words.next().is_none().then_some(arrival)
}

/// Frames the first bytes of `output`, as many as fit one frame; answers how many.
pub(super) fn frame_output(output: &[u8], frames: &mut Vec<u8>) -> usize {
    const OUTPUT_BYTES_MAX: u32 = 1 << 16;
    let length =
        u32::try_from(output.len()).map_or(OUTPUT_BYTES_MAX, |it| it.min(OUTPUT_BYTES_MAX));
    frames.extend_from_slice(&length.to_le_bytes());
    frames.extend_from_slice(&output[..length as usize]);
    length as usize
}

/// Frames a mark.
pub(super) fn frame_mark(mark: Mark, frames: &mut Vec<u8>) {
    frames.extend_from_slice(&[0; LENGTH]);
    frames.extend_from_slice(&mark.received.to_le_bytes());
    frames.extend_from_slice(&mark.mandate.0.to_le_bytes());
}

/// Reads frames that may come in pieces.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a frame, as far as it has come.
    head: Vec<u8>,
    /// How much of the present frame's output is still to come.
    left: usize,
}

impl Decoder {
    /// The next thing that `bytes` tell, which are cut off at the front.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Told<'a>> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let output = cut(bytes, self.left);
                self.left -= output.len();
                return Some(Told::Output(output));
            }
            if let Some(mark) = self.begin(bytes) {
                return Some(Told::Mark(mark));
            }
        }
        None
    }

    /// Goes on with the beginning of a frame; answers the mark if that is what it is.
    fn begin(&mut self, bytes: &mut &[u8]) -> Option<Mark> {
        self.collect(bytes, LENGTH);
        let length = u32::from_le_bytes(*self.head.first_chunk()?);
        if length > 0 {
            self.left = length as usize;
            self.head.clear();
            return None;
        }
        self.collect(bytes, LENGTH + MARK);
        let (_, mark) = self.head.split_first_chunk::<LENGTH>()?;
        let (received, mandate) = mark.split_first_chunk::<8>()?;
        let mandate = u64::from_le_bytes(*mandate.first_chunk()?);
        let mark = Mark { received: u64::from_le_bytes(*received), mandate: Mandate(mandate) };
        self.head.clear();
        Some(mark)
    }

    /// Takes what the head lacks of `wanted` bytes, if it has come.
    fn collect(&mut self, bytes: &mut &[u8], wanted: usize) {
        let lacking = wanted.saturating_sub(self.head.len());
        self.head.extend_from_slice(cut(bytes, lacking));
    }
}

/// Cuts off up to `count` bytes.
fn cut<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKED: Mark = Mark { received: 300, mandate: Mandate(u64::MAX - 7) };

    /// What frames tell that come in pieces of `length`, output put together.
    fn told(frames: &[u8], length: usize) -> Vec<Result<Vec<u8>, Mark>> {
        let (mut decoder, mut all) = (Decoder::default(), Vec::<Result<Vec<u8>, Mark>>::new());
        for mut piece in frames.chunks(length) {
            while let Some(told) = decoder.next(&mut piece) {
                match (told, all.last_mut()) {
                    (Told::Output(bytes), Some(Ok(earlier))) => earlier.extend_from_slice(bytes),
                    (Told::Output(bytes), _) => all.push(Ok(bytes.to_vec())),
                    (Told::Mark(mark), _) => all.push(Err(mark)),
                }
            }
        }
        all
    }

    #[test]
    fn frames_may_be_cut_anywhere() {
        let mut frames = Vec::new();
        assert_eq!(frame_output(b"+OK\r\n", &mut frames), 5);
        frame_mark(MARKED, &mut frames);
        frame_output(b":1\r\n", &mut frames);
        frame_output(b":2\r\n", &mut frames);
        let expected = [Ok(b"+OK\r\n".to_vec()), Err(MARKED), Ok(b":1\r\n:2\r\n".to_vec())];
        for length in 1..=frames.len() {
            assert_eq!(told(&frames, length), expected, "{length}");
        }
    }

    #[test]
    fn much_output_takes_several_frames() {
        let (output, mut frames, mut framed) = (vec![7; 150_000], Vec::new(), 0);
        while framed < output.len() {
            framed += frame_output(&output[framed..], &mut frames);
        }
        assert_eq!(told(&frames, 1000), [Ok(output)]);
    }

    #[test]
    fn a_greeting_may_come_in_pieces_and_with_the_first_request() {
        let arrival = Arrival {
            listener: 1,
            peer: "[fe80::1%3]:50000".parse().unwrap(),
            local: "127.0.0.1:7379".parse().unwrap(),
        };
        let bytes = [greeting(&arrival).as_bytes(), b"PING\r\n"].concat();
        for length in 1..=bytes.len() {
            let (mut greeted, mut rest) = (Greeted::default(), None);
            for piece in bytes.chunks(length) {
                match &mut rest {
                    None => rest = heard(&mut greeted, piece, &arrival),
                    Some(rest) => rest.extend_from_slice(piece),
                }
            }
            assert_eq!(rest.unwrap(), b"PING\r\n", "{length}");
        }
    }

    fn heard(greeted: &mut Greeted, piece: &[u8], expected: &Arrival) -> Option<Vec<u8>> {
        greeted.hear(piece).unwrap().map(|(arrival, rest)| {
            assert_eq!(arrival, *expected);
            rest.to_vec()
        })
    }

    #[test]
    fn what_is_no_greeting_is_not_waited_for() {
        for text in ["\n", "0 nobody nowhere\n", "0 1.2.3.4:5 1.2.3.4:6 more\n"] {
            assert_eq!(Greeted::default().hear(text.as_bytes()), Err(NotGreeted), "{text}");
        }
        assert_eq!(Greeted::default().hear(&[b'x'; 300]), Err(NotGreeted));
    }
}
