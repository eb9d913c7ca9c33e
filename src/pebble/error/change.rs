//! A change that failed.

use crate::pebble::changes::{ChangeId, Task};

/// A change that ended in another way than `Done`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{err}")]
pub struct ChangeError {
    /// The change.
    pub id: ChangeId,
    /// Its kind: `start`, `stop`, `restart`, `replan`, `exec`.
    pub kind: String,
    /// What it was to do, in Pebble's words.
    pub summary: String,
    /// What went wrong, in Pebble's words; several lines.
    pub err: String,
    /// Its tasks, with their logs.
    pub tasks: Vec<Task>,
}

impl ChangeError {
    /// The log of all tasks, in order: one string per entry, which may hold several lines.
    pub fn log(&self) -> impl Iterator<Item = &str> {
        self.tasks
            .iter()
            .flat_map(|task| task.log.iter().map(String::as_str))
    }

    /// What the services that failed printed last, line by line, without indentation.
    ///
    /// Pebble puts it in a task's log, below `Most recent service output:`.
    pub fn service_output(&self) -> impl Iterator<Item = &str> {
        self.log()
            .filter_map(|entry| entry.split_once("Most recent service output:"))
            .flat_map(|(_, output)| output.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_a_service_is_found_in_the_task_log() {
        let task = Task {
            log: vec![
                "2031-01-02T03:04:05Z INFO Most recent service output:\n    boom\n    bang".into(),
                "2031-01-02T03:04:05Z ERROR service start attempt: exited quickly with code 3"
                    .into(),
            ],
            ..Task::default()
        };
        let error = ChangeError {
            id: ChangeId::from("8"),
            kind: "start".into(),
            summary: String::new(),
            err: String::new(),
            tasks: vec![task],
        };
        assert_eq!(error.service_output().collect::<Vec<_>>(), ["boom", "bang"]);
        assert_eq!(error.log().count(), 2);
    }
}
