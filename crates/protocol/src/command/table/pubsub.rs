//! Commands about channels.

use crate::command::flag::{FAST, LOADING, NOSCRIPT, PUBSUB, PUSHES, STALE};
use crate::command::table::{NONE, row};
use crate::command::{Command, Group, help, pubsub};

const LISTEN: u32 = PUBSUB | NOSCRIPT | LOADING | STALE | PUSHES;
const TELL: u32 = PUBSUB | LOADING | STALE;

#[rustfmt::skip]
pub(super) const ROWS: &[Command] = &[
    row("subscribe", -2, LISTEN, NONE, Group::PubSub, "2.0.0", pubsub::subscribe)
        .about("O(N) with the number of channels", "Listens to channels."),
    row("unsubscribe", -1, LISTEN, NONE, Group::PubSub, "2.0.0", pubsub::unsubscribe)
        .about("O(N) with the number of clients that listen to a channel", "Listens no longer to channels, or to any."),
    row("psubscribe", -2, LISTEN, NONE, Group::PubSub, "2.0.0", pubsub::subscribe_patterns)
        .about("O(N) with the number of patterns", "Listens to all channels that a pattern matches."),
    row("punsubscribe", -1, LISTEN, NONE, Group::PubSub, "2.0.0", pubsub::unsubscribe_patterns)
        .about("O(N+M) with the numbers of clients and of patterns", "Listens no longer to patterns, or to any."),
    row("publish", 3, TELL | FAST, NONE, Group::PubSub, "2.0.0", pubsub::publish)
        .about("O(N+M) with the numbers of clients that are told and of patterns", "Sends a message to a channel."),
    row("pubsub", -2, 0, NONE, Group::PubSub, "2.8.0", help::run)
        .about("Depends on subcommand.", "Groups commands that tell about channels.")
        .over(&[
            row("pubsub|channels", -2, TELL, NONE, Group::PubSub, "2.8.0", pubsub::channels)
                .about("O(N) with the number of channels", "Answers the channels that somebody listens to."),
            row("pubsub|numsub", -2, TELL, NONE, Group::PubSub, "2.8.0", pubsub::counts)
                .about("O(N) with the number of channels", "Counts the listeners of channels."),
            row("pubsub|numpat", 2, TELL, NONE, Group::PubSub, "2.8.0", pubsub::patterns)
                .about("O(1)", "Counts the patterns."),
            row("pubsub|help", 2, LOADING | STALE, NONE, Group::PubSub, "6.2.0", help::run)
                .about("O(1)", "Answers what the subcommands do."),
        ]),
];
