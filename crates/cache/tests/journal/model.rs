//! Random operations against a model.

use std::collections::BTreeMap;

use larder::journal::{Batch, Journal, Limits, SyncMode};
use proptest::prelude::*;

use crate::kit::{Kit, Numbers, name};
use crate::platter::Loss;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u64, Option<u64>)>),
    Take,
    Apply,
    Return,
    Bury,
    Rest,
    Kill,
    PowerFailure,
    /// The source has the batch in flight, and the process is killed before it is told.
    KillAfterCommit,
}

fn step() -> impl Strategy<Value = Step> {
    let append = prop::collection::vec((0..6_u64, prop::option::of(0..100_u64)), 1..4);
    prop_oneof![
        6 => append.prop_map(Step::Append),
        2 => Just(Step::Take),
        2 => Just(Step::Apply),
        1 => Just(Step::Return),
        1 => Just(Step::Bury),
        1 => Just(Step::Rest),
        1 => Just(Step::Kill),
        1 => Just(Step::PowerFailure),
        1 => Just(Step::KillAfterCommit),
    ]
}

/// The journal beside what the source has and what it ought to have in the end.
struct Scene {
    kit: Kit,
    journal: Numbers,
    batch: Option<Batch<String, u64>>,
    /// The source, by what it was brought.
    source: BTreeMap<String, Option<u64>>,
    /// The last acknowledged write of each key, and those that were buried.
    acknowledged: BTreeMap<String, Option<u64>>,
    buried: usize,
}

impl Scene {
    fn new(coalesce: bool, sync: SyncMode) -> Self {
        let mut kit = Kit::with_sync(sync);
        kit.options.limits = Limits { coalesce, batch_max: 4, ..kit.options.limits };
        let journal = kit.open();
        let (source, acknowledged) = (BTreeMap::new(), BTreeMap::new());
        Self { kit, journal, batch: None, source, acknowledged, buried: 0 }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Append(writes) => self.append(writes),
            Step::Take => self.take(),
            Step::Apply => self.apply(),
            Step::Return => self.batch.take().into_iter().for_each(|it| self.journal.returned(it)),
            Step::Bury => self.bury(),
            Step::Rest => self.kit.rest(),
            Step::Kill => self.start_again(self.kit.platter.after_kill()),
            Step::PowerFailure => self.start_again(self.kit.platter.after_power_failure(Loss::All)),
            Step::KillAfterCommit => self.kill_after_commit(),
        }
        self.check();
    }

    fn append(&mut self, mut writes: Vec<(u64, Option<u64>)>) {
        writes.sort_unstable();
        writes.dedup_by_key(|(key, _)| *key);
        let named: Vec<_> = writes.iter().map(|(key, value)| (name(*key), *value)).collect();
        let borrowed: Vec<_> = named.iter().map(|(key, value)| (&**key, *value)).collect();
        self.kit.append(&self.journal, &borrowed).unwrap();
        self.acknowledged.extend(named);
    }

    fn take(&mut self) {
        if self.batch.is_none() && self.journal.status().records > 0 {
            self.batch = Some(self.kit.batch(&self.journal));
        }
    }

    fn apply(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.bring(&batch);
            self.journal.applied(batch);
        }
    }

    fn bring(&mut self, batch: &Batch<String, u64>) {
        for record in &batch.records {
            self.source.insert(record.key.clone(), record.value);
        }
    }

    /// The earlier half is applied, its last record is refused.
    fn bury(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        let (mut earlier, later) = batch.halve();
        let poison = earlier.records.pop().unwrap();
        self.bring(&earlier);
        self.journal.applied(earlier);
        assert!(self.kit.bury(&self.journal, poison.clone()));
        self.buried += 1;
        if self.journal.pending(&poison.key).is_none() {
            let stored = self.source.get(&poison.key).copied();
            match stored {
                Some(value) => self.acknowledged.insert(poison.key, value),
                None => self.acknowledged.remove(&poison.key),
            };
        }
        later.into_iter().for_each(|later| self.journal.returned(later));
    }

    fn kill_after_commit(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        self.bring(&batch);
        self.start_again(self.kit.platter.after_kill());
        self.journal.settle(&batch.marks);
    }

    fn start_again(&mut self, platter: crate::platter::Platter) {
        self.kit = self.kit.elsewhere(platter);
        self.journal = self.kit.open();
        self.batch = None;
        assert_eq!(self.journal.status().torn_bytes, 0);
    }

    /// What is pending over what the source has is what was acknowledged.
    fn check(&self) {
        for (key, value) in &self.acknowledged {
            let source = || self.source.get(key).copied().flatten();
            let seen = self.journal.pending(key).unwrap_or_else(source);
            assert_eq!(seen, *value, "{key}");
        }
        assert_eq!(self.journal.dead().len(), self.buried);
    }

    fn drain(&mut self) {
        self.apply();
        while self.journal.status().records > 0 {
            self.take();
            self.apply();
        }
        self.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_out_of_order(
        coalesce: bool,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut scene = Scene::new(coalesce, SyncMode::Always);
        steps.into_iter().for_each(|step| scene.run(step));
        scene.drain();
    }
}
