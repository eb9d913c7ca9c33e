//! What the daemon does about changes: agents, containers and providers come and go with what they are for.

use std::net::Ipv4Addr;
use std::rc::Rc;

use super::{Daemon, Pod, Runner};
use crate::local::agent::Agent;
use crate::local::model::{Change, Model, application_of};
use crate::local::store;

/// Units have addresses from here on; nothing listens there.
const FIRST_ADDRESS: u32 = u32::from_be_bytes([10, 1, 0, 2]);

impl Daemon {
    /// Acts on changes that the model has drawn its conclusions from.
    pub(in crate::local) fn follow(self: &Rc<Self>, changes: &[Change]) {
        for change in changes {
            match change {
                Change::UnitAdded { unit } => {
                    let model = &mut self.state.borrow_mut().model;
                    let address = free_address(model);
                    if let Some(unit) = model.unit_mut(unit) {
                        unit.address = address.to_string();
                    }
                }
                Change::Refreshed { application } => self.refreshed(application),
                Change::UnitRemoved { unit } => self.unit_removed(unit),
                Change::ApplicationRemoved { application } => self.application_removed(application),
                _ => {}
            }
        }
        for change in changes {
            if let Change::UnitAdded { unit } = change {
                self.start_unit(unit);
            }
        }
        self.update_published();
        self.changed();
        for agent in self.agents.borrow().values() {
            agent.wake();
        }
        for runner in self.runners.borrow().values() {
            runner.wake();
        }
        self.update_services();
    }

    /// Starts what lives as long as a unit: its agent and containers, or the provider of its application.
    pub(super) fn start_unit(self: &Rc<Self>, unit: &str) {
        let application = application_of(unit);
        if !self.read(|model| model.runs_charm(unit)) {
            self.start_runner(application);
            return;
        }
        if self.agents.borrow().contains_key(unit) {
            return;
        }
        if let Err(why) = self.lay_out_charm(unit) {
            self.say("ERROR", &why);
        }
        let pod = Pod::new(unit);
        self.pods.borrow_mut().insert(unit.into(), Rc::clone(&pod));
        tokio::task::spawn_local(pod.run(Rc::clone(self)));
        let agent = Agent::new(self, unit);
        self.agents
            .borrow_mut()
            .insert(unit.into(), Rc::clone(&agent));
        tokio::task::spawn_local(agent.run(Rc::clone(self)));
    }

    fn start_runner(self: &Rc<Self>, application: &str) {
        if self.runners.borrow().contains_key(application) {
            return;
        }
        let runner = Runner::new(application);
        self.runners
            .borrow_mut()
            .insert(application.into(), Rc::clone(&runner));
        tokio::task::spawn_local(runner.run(Rc::clone(self)));
    }

    /// Unpacks the charm of the unit's application for the unit.
    pub(super) fn lay_out_charm(&self, unit: &str) -> Result<(), String> {
        let application = application_of(unit);
        let revision = self.read(|model| {
            let found = model.applications.get(application);
            found.map(|found| found.charm.revision)
        });
        let Some(revision) = revision else {
            return Ok(());
        };
        let directory = self.directory.unit(unit).join("charm");
        if self
            .state
            .borrow()
            .units
            .get(unit)
            .is_some_and(|unit| unit.revision == revision)
            && directory.is_dir()
        {
            return Ok(());
        }
        store::remove_tree(&directory)
            .map_err(|error| format!("cannot remove `{}`: {error}", directory.display()))?;
        let packed = self.directory.charm(application, revision);
        crate::project::charm::packed::unpack(&packed, &directory)
            .map_err(|error| error.to_string())?;
        let mut state = self.state.borrow_mut();
        state.units.entry(unit.into()).or_default().revision = revision;
        Ok(())
    }

    /// A hook that failed is tried again with the new charm, since its pod is made anew.
    fn refreshed(&self, application: &str) {
        for (unit, agent) in &*self.agents.borrow() {
            if application_of(unit) == application {
                agent.resolve();
            }
        }
    }

    fn unit_removed(self: &Rc<Self>, unit: &str) {
        self.agents.borrow_mut().remove(unit);
        self.state.borrow_mut().units.remove(unit);
        let pod = self.pods.borrow_mut().remove(unit);
        let directory = self.directory.unit(unit);
        let daemon = Rc::clone(self);
        tokio::task::spawn_local(async move {
            if let Some(pod) = pod {
                pod.end().await;
            }
            if let Err(error) = store::remove_tree(&directory) {
                let path = directory.display();
                daemon.say("ERROR", &format!("cannot remove `{path}`: {error}"));
            }
        });
    }

    fn application_removed(self: &Rc<Self>, application: &str) {
        self.state.borrow_mut().stand_ins.remove(application);
        let mut revision = 0;
        while std::fs::remove_file(self.directory.charm(application, revision)).is_ok() {
            revision += 1;
        }
        if let Some(runner) = self.runners.borrow_mut().remove(application) {
            runner.end();
        }
    }
}

fn free_address(model: &Model) -> Ipv4Addr {
    let taken = |address: Ipv4Addr| {
        let text = address.to_string();
        model
            .applications
            .values()
            .flat_map(|application| application.units.values())
            .any(|unit| unit.address == text)
    };
    (FIRST_ADDRESS..)
        .map(Ipv4Addr::from)
        .find(|address| !taken(*address))
        .unwrap_or(Ipv4Addr::UNSPECIFIED)
}
