//! A refresh: units get a new container and the new charm one after the other, the highest number first, as the
//! pods of a StatefulSet roll.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::Agent;
use crate::local::daemon::Daemon;
use crate::local::model::{Model, QueuedEvent, application_of};

/// How long a unit waits for the one before it; one that stays broken must not hold up the others for ever.
const PATIENCE: Duration = Duration::from_secs(120);

impl Agent {
    /// Whether the unit still has an older revision of its charm than its application.
    pub(super) fn is_behind(&self, daemon: &Daemon) -> bool {
        let state = daemon.state.borrow();
        let wanted = state
            .model
            .applications
            .get(application_of(&self.unit))
            .map(|application| application.charm.revision);
        let has = state.units.get(&self.unit).map(|unit| unit.revision);
        wanted != has
    }

    /// Waits for the unit's turn and replaces its charm and its containers. On failure the unit is in error and it is
    /// tried again.
    pub(super) async fn take_turn(self: &Rc<Self>, daemon: &Rc<Daemon>) {
        let limit = Instant::now() + PATIENCE;
        let mut news = daemon.watch();
        while Instant::now() < limit && self.must_wait(daemon) {
            let _ = tokio::time::timeout(Duration::from_secs(1), news.changed()).await;
        }
        match daemon.renew_unit(&self.unit).await {
            Ok(()) => self.retry.borrow_mut().forget(),
            Err(why) => self.failed(
                daemon,
                &QueuedEvent::UpgradeCharm,
                "upgrade-charm",
                None,
                &why,
            ),
        }
        daemon.changed();
    }

    /// A unit of a higher number is not through yet.
    fn must_wait(&self, daemon: &Daemon) -> bool {
        let state = daemon.state.borrow();
        let application = application_of(&self.unit);
        let Some(found) = state.model.applications.get(application) else {
            return false;
        };
        found.units.iter().any(|(number, unit)| {
            let name = format!("{application}/{number}");
            let behind = state
                .units
                .get(&name)
                .is_none_or(|unit| unit.revision != found.charm.revision);
            number_of(&self.unit) < Some(*number)
                && !unit.dying
                && unit.installed
                && (behind || is_settling(&state.model, &name) || daemon.is_pod_starting(&name))
        })
    }
}

fn is_settling(model: &Model, unit: &str) -> bool {
    model.unit(unit).is_some_and(|unit| {
        !unit.agent.starts_with("error")
            && (unit.queue.running.is_some() || unit.queue.waiting.contains(&QueuedEvent::Start))
    })
}

fn number_of(unit: &str) -> Option<u32> {
    unit.split_once('/')?.1.parse().ok()
}
