//! Channels and patterns, and who listens to them.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::RwLock;

use super::{Card, Push};
use crate::acl::ChannelKind;
use crate::glob::{self, Case};

/// Who listens to what. A message reaches first those who listen to the channel, then those of each
/// pattern that matches, and each of these in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Channels(RwLock<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    channels: HashMap<Arc<[u8]>, Vec<Arc<Card>>>,
    patterns: IndexMap<Arc<[u8]>, Vec<Arc<Card>>>,
}

impl Channels {
    /// The caller sees to it that a session listens to each channel once.
    pub(crate) fn subscribe(&self, channel: &[u8], card: &Arc<Card>) -> Arc<[u8]> {
        let mut listeners = self.0.write();
        let known = listeners.channels.get_key_value(channel).map(|(known, _)| known.clone());
        let channel = known.unwrap_or_else(|| channel.into());
        listeners.channels.entry(channel.clone()).or_default().push(card.clone());
        channel
    }

    pub(crate) fn unsubscribe(&self, channel: &[u8], card: &Card) {
        let mut listeners = self.0.write();
        let Some(cards) = listeners.channels.get_mut(channel) else { return };
        cards.retain(|other| other.id != card.id);
        if cards.is_empty() {
            listeners.channels.remove(channel);
        }
    }

    /// As [`subscribe`](Self::subscribe), to all channels that `pattern` matches.
    pub(crate) fn subscribe_pattern(&self, pattern: &[u8], card: &Arc<Card>) -> Arc<[u8]> {
        let mut listeners = self.0.write();
        let known = listeners.patterns.get_key_value(pattern).map(|(known, _)| known.clone());
        let pattern = known.unwrap_or_else(|| pattern.into());
        listeners.patterns.entry(pattern.clone()).or_default().push(card.clone());
        pattern
    }

    pub(crate) fn unsubscribe_pattern(&self, pattern: &[u8], card: &Card) {
        let mut listeners = self.0.write();
        let Some(cards) = listeners.patterns.get_mut(pattern) else { return };
        cards.retain(|other| other.id != card.id);
        if cards.is_empty() {
            // To keep the order would take time for each of the others.
            listeners.patterns.swap_remove(pattern);
        }
    }

    /// Forgets the sessions that somebody has put an end to.
    pub(crate) fn forget_ended(&self) {
        let goes_on = |cards: &mut Vec<Arc<Card>>| {
            cards.retain(|card| !card.is_ended());
            !cards.is_empty()
        };
        let mut listeners = self.0.write();
        listeners.channels.retain(|_, cards| goes_on(cards));
        listeners.patterns.retain(|_, cards| goes_on(cards));
    }

    /// Leaves a message for everyone who listens; says for how many.
    pub(crate) fn publish(&self, channel: &[u8], text: &[u8]) -> usize {
        let listeners = self.0.read();
        let (name, text): (Arc<[u8]>, Arc<[u8]>) = (channel.into(), text.into());
        let mut count = 0;
        for card in listeners.channels.get(channel).into_iter().flatten() {
            card.post(Push::Message { channel: name.clone(), text: text.clone() });
            count += 1;
        }
        let matching = listeners
            .patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, channel, Case::Sensitive));
        for (pattern, cards) in matching {
            for card in cards {
                let (pattern, channel) = (pattern.clone(), name.clone());
                card.post(Push::Matched { pattern, channel, text: text.clone() });
                count += 1;
            }
        }
        count
    }

    /// The channels that somebody listens to, those that `pattern` matches if one is given.
    pub(crate) fn names(&self, pattern: Option<&[u8]>) -> Vec<Arc<[u8]>> {
        let wanted = |name: &&Arc<[u8]>| {
            pattern.is_none_or(|pattern| glob::matches(pattern, name, Case::Sensitive))
        };
        self.0.read().channels.keys().filter(wanted).cloned().collect()
    }

    /// Shows everyone who listens, once for each channel and pattern.
    pub(crate) fn each_listener(&self, mut see: impl FnMut(&[u8], ChannelKind, &Arc<Card>)) {
        let listeners = self.0.read();
        for (channel, cards) in &listeners.channels {
            cards.iter().for_each(|card| see(channel, ChannelKind::Name, card));
        }
        for (pattern, cards) in &listeners.patterns {
            cards.iter().for_each(|card| see(pattern, ChannelKind::Pattern, card));
        }
    }

    /// How many sessions listen to `channel` by its name.
    pub(crate) fn count(&self, channel: &[u8]) -> usize {
        self.0.read().channels.get(channel).map_or(0, Vec::len)
    }

    /// How many different patterns are listened to.
    pub(crate) fn patterns(&self) -> usize {
        self.0.read().patterns.len()
    }
}
