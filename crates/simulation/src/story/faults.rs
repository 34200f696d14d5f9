//! What goes wrong in a life.

use std::time::Duration;

use larder::runtime::{Runtime, Time};

use super::Stage;
use crate::database::Weather;
use crate::draw::Draw;
use crate::drive::Health;
use crate::plan::Ending;

/// The longest time that a call of the source stalls, or commits late.
pub(super) const STALL_MAX: Duration = Duration::from_millis(40);

/// The longest way of a call to the source.
pub(super) const WAY_MAX: Duration = Duration::from_millis(2);

/// The longest time that the source is down.
const OUTAGE_MAX: Duration = Duration::from_millis(60);

/// The longest step of a call of the drive.
const STEP_MAX: Duration = Duration::from_micros(400);

impl Stage {
    /// Draws what goes wrong in a life of this span; `ends` is how it ends, unless it is the last.
    pub(super) fn worsen(&self, draw: &mut Draw, span: Duration, ends: Option<Ending>) {
        let mut weather = self.draw_weather(draw, span);
        if ends == Some(Ending::Damaged) {
            // So that the files hold something that matters.
            weather.outages.push((self.world.now() + span / 4, Time::NEVER));
        }
        self.database.set_weather(weather);
        let health = match ends {
            // A journal that fails would refuse its calls to the end.
            None | Some(Ending::Damaged) => Health::default(),
            Some(_) => Health {
                faults_percent: self.plan.disk_faults_percent,
                full: self.plan.disk_faults_percent > 0 && draw.percent(20),
                ..Health::default()
            },
        };
        self.drive.set_health(Health { step: STEP_MAX, ..health });
    }

    fn draw_weather(&self, draw: &mut Draw, span: Duration) -> Weather {
        let now = self.world.now();
        let outages = (0..self.plan.outages).map(|_| {
            let from = now + draw.span(span);
            (from, from + draw.span(OUTAGE_MAX))
        });
        Weather {
            way: WAY_MAX,
            outages: outages.collect(),
            mishaps_percent: self.plan.mishaps_percent,
            stall: STALL_MAX,
        }
    }

    /// From now on nothing fails.
    pub(super) fn calm(&self) {
        self.database.set_weather(Weather { way: WAY_MAX / 2, ..Weather::default() });
        self.drive.set_health(Health { step: STEP_MAX / 4, ..Health::default() });
    }
}
