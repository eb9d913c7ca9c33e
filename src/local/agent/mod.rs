//! A unit's agent: hands the unit's events to its charm, one at a time, as Juju's uniter does.

mod dispatch;
mod output;
mod retry;
mod turn;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::daemon::Daemon;
use super::log::{self, Log};
use super::model::{QueuedEvent, Status};
use dispatch::{End, Running};
use retry::Retry;

/// The agent of one unit.
pub struct Agent {
    unit: String,
    wake: Notify,
    retry: RefCell<Retry>,
    running: RefCell<Option<Running>>,
    next_update_status: Cell<Instant>,
    log: Log,
}

/// What to do next.
enum Step {
    Dispatch(QueuedEvent),
    SleepUntil(Instant),
    End,
}

impl Agent {
    /// The agent of `unit`, to be run as a task.
    #[must_use]
    pub fn new(daemon: &Daemon, unit: &str) -> Rc<Self> {
        Rc::new(Self {
            unit: unit.into(),
            wake: Notify::new(),
            retry: RefCell::default(),
            running: RefCell::default(),
            next_update_status: Cell::new(Instant::now() + interval(daemon)),
            log: Log::new(daemon.directory.log(unit)),
        })
    }

    /// Lives as long as the unit.
    pub async fn run(self: Rc<Self>, daemon: Rc<Daemon>) {
        loop {
            match self.next(&daemon) {
                Step::Dispatch(QueuedEvent::UpgradeCharm) if self.is_behind(&daemon) => {
                    self.take_turn(&daemon).await;
                }
                Step::Dispatch(event) => self.dispatch(&daemon, &event).await,
                Step::SleepUntil(instant) => {
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep_until(instant) => {}
                    }
                }
                Step::End => break,
            }
        }
    }

    /// There may be something to do.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Whether the charm is at it.
    #[must_use]
    pub fn is_dispatching(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Retries a failed hook now.
    pub fn resolve(&self) {
        self.retry.borrow_mut().now();
        self.wake();
    }

    /// Ends the dispatch that runs, as when the pod goes: first politely, then not. The event is handled again later.
    pub fn interrupt(&self) {
        if let Some(running) = &*self.running.borrow() {
            running.interrupt();
        }
    }

    /// Ends the dispatch that runs, at once.
    pub fn kill(&self) {
        if let Some(running) = &*self.running.borrow() {
            running.kill();
        }
    }

    /// Writes a line that the charm logged with `juju-log`.
    pub fn log_from_charm(&self, daemon: &Daemon, level: &str, message: &str) {
        let origin = format!("unit.{}.juju-log", self.unit);
        self.write_log(daemon, level, &origin, message);
    }

    fn write_log(&self, daemon: &Daemon, level: &str, origin: &str, message: &str) {
        let line = log::line(&log::tag(&self.unit), level, origin, message);
        self.log.write(&line);
        daemon.write_model_log(&line);
    }

    fn next(&self, daemon: &Rc<Daemon>) -> Step {
        let now = Instant::now();
        let mut state = daemon.state.borrow_mut();
        let interval = Duration::from_secs(state.update_status_interval.max(1));
        if daemon.closing.get() || state.model.unit(&self.unit).is_none() {
            return Step::End;
        }
        if let Some(at) = self.retry.borrow().waits_until(now) {
            return match state.model.begin_action(&self.unit) {
                Some(action) => Step::Dispatch(action),
                None => Step::SleepUntil(at),
            };
        }
        if now >= self.next_update_status.get() {
            self.next_update_status.set(now + interval);
            let unit = state.model.unit_mut(&self.unit);
            if let Some(unit) = unit.filter(|unit| unit.started && unit.queue.is_empty()) {
                unit.queue.push(QueuedEvent::UpdateStatus);
            }
        }
        match state.model.begin(&self.unit) {
            Some(event) => Step::Dispatch(event),
            None => Step::SleepUntil(self.next_update_status.get()),
        }
    }

    async fn dispatch(self: &Rc<Self>, daemon: &Rc<Daemon>, event: &QueuedEvent) {
        let (name, action) = daemon.read(|model| {
            let action = match event {
                QueuedEvent::Action { action } => Some(*action),
                _ => None,
            };
            (event.name(model), action)
        });
        self.before(daemon, event);
        let end = self.run_charm(daemon, event, &name).await;
        *self.running.borrow_mut() = None;
        match end {
            End::Success(context) => {
                let committed = context.commit(&mut daemon.state.borrow_mut().model);
                match committed {
                    Ok(changes) => {
                        self.succeeded(daemon, event, &name);
                        daemon.apply(changes);
                    }
                    Err(why) => self.failed(daemon, event, &name, action, &why),
                }
            }
            End::Failed(why) => self.failed(daemon, event, &name, action, &why),
            End::Interrupted => {
                self.write_log(
                    daemon,
                    "INFO",
                    "juju.worker.uniter",
                    &format!("\"{name}\" was interrupted; it will run again"),
                );
                self.retry.borrow_mut().interrupted();
                if action.is_some() {
                    self.failed(daemon, event, &name, action, "action terminated");
                }
            }
        }
        daemon.changed();
    }

    fn before(&self, daemon: &Rc<Daemon>, event: &QueuedEvent) {
        let message = match event {
            QueuedEvent::Stop => Some("stopping charm software"),
            QueuedEvent::Remove => Some("cleaning up prior to charm deletion"),
            _ => None,
        };
        if let Some(unit) = daemon.state.borrow_mut().model.unit_mut(&self.unit)
            && let Some(message) = message
        {
            unit.status = Status {
                status: "maintenance".into(),
                message: message.into(),
            };
        }
        daemon.changed();
    }

    fn succeeded(self: &Rc<Self>, daemon: &Rc<Daemon>, event: &QueuedEvent, name: &str) {
        if !matches!(event, QueuedEvent::Action { .. }) {
            self.retry.borrow_mut().forget();
            self.write_log(
                daemon,
                "INFO",
                "juju.worker.uniter.operation",
                &format!("ran \"{name}\" hook (via hook dispatching script: dispatch)"),
            );
        }
        let changes = {
            let mut state = daemon.state.borrow_mut();
            if let Some(unit) = state.model.unit_mut(&self.unit)
                && matches!(event, QueuedEvent::Start)
                && unit.status.message == "installing charm software"
            {
                unit.status = Status::default();
            }
            state.model.dispatched(&self.unit, event)
        };
        daemon.follow(&changes);
    }

    fn failed(
        self: &Rc<Self>,
        daemon: &Rc<Daemon>,
        event: &QueuedEvent,
        name: &str,
        action: Option<u32>,
        why: &str,
    ) {
        let kind = if action.is_some() { "action" } else { "hook" };
        self.write_log(
            daemon,
            "ERROR",
            "juju.worker.uniter.operation",
            &format!("{kind} \"{name}\" (via hook dispatching script: dispatch) failed: {why}"),
        );
        if action.is_none() {
            self.retry.borrow_mut().failed(Instant::now());
        }
        let model = &mut daemon.state.borrow_mut().model;
        if let Some(action) = action {
            model.fail_action(action, why);
        }
        model.failed(&self.unit, event);
    }
}

fn interval(daemon: &Daemon) -> Duration {
    Duration::from_secs(daemon.state.borrow().update_status_interval.max(1))
}
