//! 1 GB watches about 100,000 connections with epoll.

use larder_server::model::ModelName;

use super::{judgement, untold};
use crate::measure::number::grouped;
use crate::measure::spread::Spread;
use crate::models::figures::Figures;
use crate::report::{Claim, Verdict};

const CLAIM: &str = "1 GB is enough to watch about 100,000 connections with epoll.";

const GIGABYTE: f64 = 1e9;
const CONNECTIONS: f64 = 100_000.0;

/// What a descriptor that is watched takes of a 64-bit kernel, by epoll(7).
const WATCH_BYTES: f64 = 160.0;

/// Fewer connections than this say little of memory.
const HELD_MIN: usize = 500;

pub(super) fn judge(figures: &Figures) -> Claim {
    let held = figures.idle(ModelName::Epoll, |idle| idle.held as f64);
    let bytes = figures.idle(ModelName::Epoll, |idle| idle.bytes());
    let (Some(held), Some(bytes)) = (held, bytes) else {
        return untold(CLAIM, "epoll was not measured.");
    };
    let in_gigabyte = bytes.each(|bytes| GIGABYTE / bytes);
    let Some(in_gigabyte) = in_gigabyte.filter(|it| it.least() > 0.0) else {
        return untold(CLAIM, format!("Connections took {bytes:.0} bytes each, which cannot be."));
    };
    let told = format!(
        "Reckoned from {held:.0} idle ones: a connection takes {bytes:.0} bytes, larder's and the kernel's, so \
         that 1 GB has room for {in_gigabyte:.0}. Watching alone takes about {WATCH_BYTES} bytes of these \
         (epoll(7)), room for {}.",
        grouped(GIGABYTE / WATCH_BYTES, 0)
    );
    judgement(CLAIM, told, verdict(held.least(), &in_gigabyte))
}

fn verdict(held: f64, in_gigabyte: &Spread) -> Verdict {
    match in_gigabyte {
        _ if held < HELD_MIN as f64 => Verdict::NotOnThisMachine,
        room if room.least() >= CONNECTIONS => Verdict::Holds,
        room if room.most() < CONNECTIONS => Verdict::DoesNotHold,
        _ => Verdict::NotOnThisMachine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::figures::made_up::idle;

    fn verdict_of(held: usize, bytes: &[f64]) -> Verdict {
        let mut figures = Figures::default();
        figures.of_mut(ModelName::Epoll).idle.insert(held, idle(held, bytes));
        judge(&figures).verdict
    }

    #[test]
    fn it_holds_when_every_round_leaves_room_for_as_many() {
        assert_eq!(verdict_of(1_000, &[5e3, 6e3]), Verdict::Holds);
        assert_eq!(verdict_of(1_000, &[50e3, 60e3]), Verdict::DoesNotHold);
    }

    #[test]
    fn rounds_that_disagree_few_connections_and_impossible_figures_tell_nothing() {
        assert_eq!(verdict_of(1_000, &[9e3, 11e3]), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(50, &[5e3, 6e3]), Verdict::NotOnThisMachine);
        assert_eq!(verdict_of(1_000, &[-5e3, 6e3]), Verdict::NotOnThisMachine);
    }
}
