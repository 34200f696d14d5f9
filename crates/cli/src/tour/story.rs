//! What a scenario came to: steps with the messages that passed in each.

use larder::trace::{Message, Participant};

/// A scenario that has been played.
pub(super) struct Story {
    pub(super) name: &'static str,
    pub(super) promise: &'static str,
    pub(super) steps: Vec<Step>,
}

/// A part of a story.
pub(super) struct Step {
    /// What happens, in a line.
    pub(super) title: String,
    /// What passed between the parts, in order.
    pub(super) messages: Vec<Message>,
    /// What is the case afterwards.
    pub(super) findings: Vec<Finding>,
}

/// What somebody has or is told at the end of a step.
pub(super) struct Finding {
    pub(super) about: Participant,
    pub(super) text: String,
}

/// The parts from left to right.
const ORDER: [Participant; 5] = [
    Participant::App,
    Participant::Cache,
    Participant::Queue,
    Participant::Worker,
    Participant::Database,
];

/// What a message does, as far as a picture shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Away from the application: somebody asks.
    Ahead,
    /// Towards the application: somebody answers.
    Back,
    /// A part does something to itself.
    Within,
}

impl Story {
    /// The parts that take part, from left to right.
    pub(super) fn cast(&self) -> Vec<Participant> {
        let messages = || self.steps.iter().flat_map(|step| &step.messages);
        let plays = |part: &Participant| {
            messages().any(|message| message.from == *part || message.to == *part)
        };
        ORDER.into_iter().filter(plays).collect()
    }
}

/// The direction of `message`.
pub(super) fn direction(message: &Message) -> Direction {
    let place = |part| ORDER.iter().position(|other| *other == part);
    match place(message.from).cmp(&place(message.to)) {
        std::cmp::Ordering::Less => Direction::Ahead,
        std::cmp::Ordering::Equal => Direction::Within,
        std::cmp::Ordering::Greater => Direction::Back,
    }
}

/// What `message` says, with its key.
pub(super) fn label(message: &Message) -> String {
    match message.what.split_once(": ") {
        // The reason of an error is long and names what it is about.
        Some(("error" | "refused", _)) => message.what.clone(),
        _ => format!("{} {}", message.what, message.key),
    }
}
