//! Events and their hooks: what waits is handled as Juju would, one hook at a time for each unit.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::rc::Rc;

use charmwright::local::container::charm_command;
use charmwright::local::hook_tool::Context;
use charmwright::local::model::{Agent, QueuedEvent};
use futures_util::future::join_all;
use nix::unistd::Pid;

use super::agent::{Cut, Ran, Running};
use super::world::{LIMIT, World};

impl World {
    /// Runs an action to its end, with all that comes before and after it.
    pub async fn action(self: &Rc<Self>, unit: &str, name: &str) -> u32 {
        self.action_with(unit, name, &[]).await
    }

    /// The same with parameters.
    pub async fn action_with(
        self: &Rc<Self>,
        unit: &str,
        name: &str,
        parameters: &[(&str, &str)],
    ) -> u32 {
        let id = self.queue_action(unit, name, parameters);
        self.drain().await;
        id
    }

    /// Asks for an action.
    pub fn queue_action(&self, unit: &str, name: &str, parameters: &[(&str, &str)]) -> u32 {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()));
        let mut model = self.model.borrow_mut();
        let (id, changes) = model.run_action(unit, name, parameters.collect()).unwrap();
        model.enqueue(changes);
        id
    }

    /// Lets all units handle all that waits.
    pub async fn drain(self: &Rc<Self>) {
        loop {
            let busy = |unit: &String| {
                let model = self.model.borrow();
                !model.unit(unit).is_none_or(|unit| unit.queue.is_empty())
            };
            let units: Vec<String> = self.units().into_iter().filter(busy).collect();
            if units.is_empty() {
                return;
            }
            join_all(units.iter().map(|unit| self.drain_unit(unit))).await;
        }
    }

    /// Lets one unit handle all that waits.
    pub async fn drain_unit(self: &Rc<Self>, unit: &str) {
        while let Some(ran) = self.step(unit, Cut::Never).await {
            assert_eq!(
                ran.code,
                Some(0),
                "{unit} at {}: {}\n{}",
                ran.event,
                ran.stdout,
                ran.stderr
            );
        }
    }

    /// One update-status for each unit.
    pub async fn update_status(self: &Rc<Self>) {
        for unit in self.units() {
            self.push(&unit, QueuedEvent::UpdateStatus);
        }
        self.drain().await;
    }

    /// The last dispatch of all.
    pub fn last(&self) -> Ran {
        self.ran.borrow().last().unwrap().clone()
    }

    /// Lets a unit handle its next event, if it has one. One that fails or is killed stays its next.
    pub async fn step(self: &Rc<Self>, unit: &str, cut: Cut) -> Option<Ran> {
        let event = self.model.borrow_mut().begin(unit)?;
        let ran = self.dispatch(unit, &event, None, cut).await;
        let over = {
            let mut model = self.model.borrow_mut();
            if ran.code == Some(0) {
                model.dispatched(unit, &event);
            } else {
                model.failed(unit, &event);
            }
            model.unit(unit).is_none()
        };
        if over {
            self.killed.borrow_mut().remove(unit);
            let container = self.containers.borrow_mut().remove(unit);
            if let Some(container) = container {
                container.stop().await.unwrap();
            }
        }
        self.ran.borrow_mut().push(ran.clone());
        Some(ran)
    }

    /// Runs `dispatch` with another name for the event, out of turn.
    pub async fn dispatch_as(&self, unit: &str, path: &str) -> Ran {
        let event = QueuedEvent::UpdateStatus;
        self.dispatch(unit, &event, Some(path), Cut::Never).await
    }

    /// Runs `dispatch` for an event, as Juju does, and keeps what it wrote if it ended well.
    async fn dispatch(&self, unit: &str, event: &QueuedEvent, path: Option<&str>, cut: Cut) -> Ran {
        let number = self.next_context.get();
        self.next_context.set(number + 1);
        let id = format!("{unit}-{number}");
        let (context, mut variables, name) = {
            let model = self.model.borrow();
            let agent = Agent {
                charm_directory: self.charm.clone(),
                context_id: id.clone(),
                socket: self.path().join("agent.socket"),
                resources: self.path().join("resources"),
            };
            (
                Context::new(&model, unit, event, &agent.resources),
                event.environment(&model, unit, &agent),
                event.name(&model),
            )
        };
        for (name, value) in &mut variables {
            match (path, name.as_str()) {
                (Some(path), "JUJU_DISPATCH_PATH") => *value = path.into(),
                (Some(path), "JUJU_HOOK_NAME") => *value = path.replace("hooks/", ""),
                _ => {}
            }
        }
        let output = self.run_dispatch(unit, id, context, &variables, cut).await;
        let running = self.running.borrow_mut().remove(unit).unwrap();
        let log = running.context.log.clone();
        let mut code = output.status.code();
        let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut model = self.model.borrow_mut();
        let changes = if code == Some(0) {
            running.context.commit(&mut model).unwrap_or_else(|error| {
                code = Some(1);
                stderr.push_str(&error);
                Vec::new()
            })
        } else {
            running.context.changes
        };
        model.enqueue(changes);
        Ran {
            event: name,
            code,
            calls: running.calls,
            requests: running.requests,
            log,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
        }
    }

    async fn run_dispatch(
        &self,
        unit: &str,
        id: String,
        context: Context,
        variables: &[(String, String)],
        cut: Cut,
    ) -> std::process::Output {
        let watched = self.watched.get() || matches!(cut, Cut::Request(_) | Cut::Pebble(_));
        let directory = if watched {
            self.proxy_directory(unit)
        } else {
            self.container_directory(unit)
        };
        let containers = BTreeMap::from([(self.workload.clone(), directory)]);
        let mut command = charm_command(&self.charm, &containers).unwrap();
        let path = format!("{}:/usr/bin:/bin", self.path().join("tools").display());
        command
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("PATH", path)
            .env("HOME", "/root")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let running = Running {
            id,
            context,
            calls: Vec::new(),
            requests: Vec::new(),
            cut,
            process: None,
            killed: false,
        };
        self.running.borrow_mut().insert(unit.into(), running);
        let child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        if let Some(running) = self.running.borrow_mut().get_mut(unit) {
            running.process = Some(Pid::from_raw(pid.cast_signed()));
        }
        tokio::time::timeout(LIMIT, child.wait_with_output())
            .await
            .expect("dispatch takes too long")
            .unwrap()
    }

    /// Runs `dispatch` with an environment of the test's own and no model behind it.
    pub async fn run_bare(&self, variables: &[(&str, &str)]) -> std::process::Output {
        tokio::process::Command::new(self.charm.join("dispatch"))
            .current_dir(&self.charm)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap()
    }
}
