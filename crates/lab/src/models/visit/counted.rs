//! Loads during which system calls are counted. Their other figures are thrown away.

use super::Visit;
use crate::failure::Result;
use crate::interruption;
use crate::measure::calls::Calls;
use crate::models::gets::Gets;

impl Visit<'_> {
    /// Counts the system calls of a request.
    pub(super) fn calls(&mut self) -> Result<()> {
        for shape in self.plan.counted() {
            interruption::check()?;
            if !self.figures.of(self.model).loads.contains_key(&shape) {
                continue;
            }
            let Some(mut calls) = Calls::of(self.larder.process())? else { return Ok(()) };
            self.figures.calls_way = Some(calls.way());
            let driven =
                self.offered(shape).drive_beside(Gets::among(self.plan.keys), || calls.so_far());
            if let Ok((outcome, before, after)) = driven {
                let each = after.saturating_sub(before) as f64 / outcome.requests.max(1) as f64;
                self.figures.of_mut(self.model).calls.insert(shape, each);
            }
        }
        Ok(())
    }
}
