//! What a client is told unasked: pushes in RESP3, arrays in RESP2.

use std::sync::Arc;

use super::Out;
use crate::client::Client;
use crate::frame::Protocol;
use crate::hub::Push;

/// The channel by which invalidations reach a client that speaks RESP2.
const INVALIDATIONS: &[u8] = b"__redis__:invalidate";

impl Out<'_> {
    /// Tells `client` something that somebody has left for it.
    pub(crate) fn push_message(&mut self, push: &Push, client: &Client) {
        match push {
            Push::Message { channel, text } => self.words(b"message", &[channel, text]),
            Push::Matched { pattern, channel, text } => {
                self.words(b"pmessage", &[pattern, channel, text]);
            }
            Push::Invalidate(keys) => self.invalidate(Some(keys), client),
            Push::InvalidateAll => self.invalidate(None, client),
            Push::RedirectBroken(id) => {
                // In RESP2 there is no way to say so.
                if self.protocol() == Protocol::Resp3 {
                    self.push(2);
                    self.bulk(b"tracking-redir-broken");
                    self.integer(id.cast_signed());
                }
            }
        }
    }

    fn words(&mut self, kind: &[u8], words: &[&[u8]]) {
        self.push(1 + words.len());
        self.bulk(kind);
        words.iter().for_each(|word| self.bulk(word));
    }

    /// A client that speaks RESP2 hears of it only if it listens to the channel for that.
    fn invalidate(&mut self, keys: Option<&[Arc<[u8]>]>, client: &Client) {
        match self.protocol() {
            Protocol::Resp3 => {
                self.push(2);
                self.bulk(b"invalidate");
            }
            Protocol::Resp2 if client.is_subscribed() => {
                self.push(3);
                self.bulk(b"message");
                self.bulk(INVALIDATIONS);
            }
            Protocol::Resp2 => return,
        }
        match keys {
            Some(keys) => {
                self.array(keys.len());
                keys.iter().for_each(|key| self.bulk(key));
            }
            None => self.null_array(),
        }
    }
}
