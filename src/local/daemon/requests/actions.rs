//! `run`: asks for an action and waits for its end.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Progress;
use crate::local::daemon::Daemon;
use crate::local::model::ActionStatus;

pub(super) async fn run(
    daemon: &Rc<Daemon>,
    unit: &str,
    action: &str,
    parameters: Map<String, Value>,
    progress: &Progress,
) -> Result<Value, String> {
    let unit = match unit.strip_suffix("/leader") {
        Some(application) => daemon
            .read(|model| model.leader_of(application))
            .ok_or_else(|| format!("could not determine leader for \"{application}\""))?,
        None => unit.to_owned(),
    };
    if daemon.read(|model| model.unit(&unit).is_some() && !model.runs_charm(&unit)) {
        return Err(format!("`{unit}` is built in and has no actions"));
    }
    let mut news = daemon.watch();
    let id = daemon.change(|model| model.run_action(&unit, action, parameters))?;
    let _ = progress.send(format!("Running task {id} on {unit}"));
    let mut told = 0;
    loop {
        let (done, log) = daemon.read(|model| {
            let found = model.actions.get(&id);
            let done = found.is_none_or(|found| {
                matches!(found.status, ActionStatus::Completed | ActionStatus::Failed)
            });
            let log: Vec<String> = found
                .map(|found| found.log.iter().skip(told).cloned().collect())
                .unwrap_or_default();
            (done || model.unit(&unit).is_none(), log)
        });
        for line in log {
            told += 1;
            let _ = progress.send(line);
        }
        if done {
            break;
        }
        let _ = news.changed().await;
    }
    daemon.read(|model| {
        let found = model.actions.get(&id);
        let found = found.ok_or_else(|| format!("task {id} is gone"))?;
        let status = match found.status {
            ActionStatus::Completed => "completed",
            ActionStatus::Failed => "failed",
            ActionStatus::Pending | ActionStatus::Running => "aborted",
        };
        Ok(json!({
            "id": id.to_string(),
            "unit": unit,
            "status": status,
            "message": found.message,
            "results": found.results,
        }))
    })
}
