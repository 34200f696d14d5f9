//! One model in one round: a larder is started, filled, held connections to, loaded, and killed.

mod arrival;
mod counted;
mod loaded;
mod mappings;
mod slowness;
mod watch;

pub(super) use self::loaded::LATENCY_SHARE;

use std::thread;
use std::time::{Duration, Instant};

use larder_server::model::ModelName;

use super::figures::{Figures, Idle};
use super::gets;
use super::held::Held;
use super::plan::Plan;
use crate::failure::Result;
use crate::interruption;
use crate::measure::kernel::KernelMemory;
use crate::subject::Larder;
use crate::subject::wire::Wire;

/// Only the default keyspace, and as many clients as the machine allows.
const CONFIGURATION: &str = "[limits]\nmaxclients = 1000000\n";

/// The models that are one loop on a poller, which have to be told of every connection or not.
pub(super) const POLLERS: [ModelName; 3] = [ModelName::Select, ModelName::Poll, ModelName::Epoll];

/// A server is quiet when it uses less than this share of a core.
const QUIET: f64 = 0.1;

/// How long a server may take until it is quiet.
const QUIET_PATIENCE: Duration = Duration::from_secs(3);

/// What a visit needs to know.
struct Visit<'a> {
    plan: &'a Plan,
    model: ModelName,
    round: usize,
    larder: Larder,
    figures: &'a mut Figures,
}

/// Measures all that is to be known of `model` in this round.
///
/// # Errors
///
/// Why the model does not serve, or stopped doing so. What was measured until then is kept.
pub(super) fn visit(
    plan: &Plan,
    model: ModelName,
    round: usize,
    figures: &mut Figures,
) -> Result<()> {
    let mut visit = Visit { plan, model, round, larder: started(model, plan.keys)?, figures };
    visit.settle()?;
    // The largest number comes first: what is used by then is used for it, and not left over.
    for connections in plan.probe(model).into_iter().chain(plan.connections()) {
        visit.connections(connections)?;
    }
    if POLLERS.contains(&model) {
        visit.scan()?;
    }
    visit.arrivals()?;
    if round == 0 {
        visit.calls()?;
        visit.mappings();
    }
    Ok(())
}

/// A larder that has every key.
fn started(model: ModelName, keys: u64) -> Result<Larder> {
    let larder = Larder::start(model, CONFIGURATION)?;
    let mut wire = Wire::connect(larder.address())?;
    wire.run(gets::fill(keys))?;
    wire.run(gets::read_all(keys))?;
    Ok(larder)
}

impl Visit<'_> {
    /// Every load on so many connections, once they are known to be had; fewer where they take too long.
    fn connections(&mut self, count: usize) -> Result<()> {
        if self.is_slow(count) {
            return Ok(());
        }
        let mut held = Held::default();
        let begun = Instant::now();
        let is_served = self.hold(&mut held, count)?;
        self.opened(count, begun.elapsed());
        let mut active = None;
        for shape in self.plan.shapes_of(count).filter(|_| is_served) {
            interruption::check()?;
            if self.is_slow(count) && active == Some(shape.active) {
                continue;
            }
            active = Some(shape.active);
            held.keep(shape.connections - shape.active);
            self.settle()?;
            let begun = Instant::now();
            self.load(shape)?;
            self.loaded_in(shape, begun.elapsed());
        }
        drop(held);
        self.settle()
    }

    /// Holds `count` connections, notes what they cost, and says whether there are as many.
    fn hold(&mut self, held: &mut Held, count: usize) -> Result<bool> {
        let (kernel_before, before) = (KernelMemory::now(), self.larder.figures()?);
        let grown = held.grow(self.larder.address(), count);
        let (kernel, usage) = (KernelMemory::now(), self.larder.figures()?);
        let of_model = self.figures.of_mut(self.model);
        if held.len() > 0 {
            let each = |bytes: f64| bytes / held.len() as f64;
            let grown = |now: u64, before: u64| now as f64 - before as f64;
            // This side of each connection takes as many objects of the kernel as the other one.
            let objects = grown(kernel.objects, kernel_before.objects) / 2.0;
            let threads = grown(kernel.threads, kernel_before.threads);
            let idle = Idle {
                held: held.len(),
                processes: usage.processes,
                threads: usage.threads,
                descriptors: each(grown(usage.descriptors as u64, before.descriptors as u64)),
                process_bytes: each(grown(usage.memory_bytes, before.memory_bytes)),
                kernel_bytes: each(objects + threads),
            };
            of_model.idle.entry(count).or_default().insert(self.round, idle);
        }
        let Err(shortfall) = grown else { return Ok(true) };
        of_model.is_limited |= shortfall.is_of_server();
        let sentence = shortfall.sentence(held.len(), self.larder.complaint());
        of_model.refused.insert(count, sentence);
        Ok(false)
    }

    /// Waits until the server has nothing more to do, such as to close connections.
    fn settle(&self) -> Result<()> {
        let deadline = Instant::now() + QUIET_PATIENCE;
        let (mut at, mut used) = (Instant::now(), self.larder.cpu()?);
        while Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            let (now, cpu) = (Instant::now(), self.larder.cpu()?);
            if cpu.saturating_sub(used).as_secs_f64() < (now - at).as_secs_f64() * QUIET {
                break;
            }
            (at, used) = (now, cpu);
        }
        Ok(())
    }
}
