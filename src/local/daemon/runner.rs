//! Runs a provider: calls it when what it sees has changed, and writes what it answers into the model.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Daemon;
use crate::local::container::Service;
use crate::local::model::{Application, Bag, Change, Model, Status, application_of};
use crate::local::provider::{Dial, Provider, RelationView, SECRET_SCHEME, Update, View, registry};

/// When a provider that is not `active` is called again, since what it lacks may have come.
const AGAIN: Duration = Duration::from_secs(5);
/// For one that is: a day.
const NEVER: Duration = Duration::from_secs(86_400);

/// The provider of one application.
pub struct Runner {
    application: String,
    wake: Notify,
    /// Something may have changed that the provider has not answered yet.
    due: Cell<bool>,
    ending: Cell<bool>,
    /// Whether data goes too at the end.
    remove_data: Cell<bool>,
    ended: watch::Sender<bool>,
    services: RefCell<Vec<Service>>,
    addresses: RefCell<Vec<String>>,
}

impl Runner {
    pub(super) fn new(application: &str) -> Rc<Self> {
        Rc::new(Self {
            application: application.into(),
            wake: Notify::new(),
            due: Cell::new(true),
            ending: Cell::new(false),
            remove_data: Cell::new(true),
            ended: watch::Sender::new(false),
            services: RefCell::default(),
            addresses: RefCell::default(),
        })
    }

    pub(super) fn wake(&self) {
        self.due.set(true);
        self.wake.notify_one();
    }

    /// Stops the servers and removes their data, when the task gets to it.
    pub(super) fn end(&self) {
        self.ending.set(true);
        self.wake.notify_one();
    }

    /// Ends and waits until all is stopped.
    pub(super) async fn ended(&self, remove_data: bool) {
        self.remove_data.set(remove_data);
        self.end();
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// Whether an answer is still to come.
    pub(super) fn is_due(&self) -> bool {
        self.due.get()
    }

    pub(super) fn services(&self) -> Vec<Service> {
        self.services.borrow().clone()
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        self.addresses.borrow().clone()
    }

    pub(super) async fn run(self: Rc<Self>, daemon: Rc<Daemon>) {
        match self.provider(&daemon) {
            Ok(mut provider) => {
                self.serve(&daemon, provider.as_mut()).await;
                provider.stop(self.remove_data.get()).await;
            }
            Err(why) => {
                self.set_status(&daemon, blocked(&why));
                self.due.set(false);
                daemon.changed();
            }
        }
        if self.ending.get() && self.remove_data.get() {
            let _ = crate::local::store::remove_tree(&daemon.directory.provider(&self.application));
        }
        self.ended.send_replace(true);
    }

    fn provider(&self, daemon: &Daemon) -> Result<Box<dyn Provider>, String> {
        let state = daemon.state.borrow();
        if let Some(stand_in) = state.stand_ins.get(&self.application) {
            return Ok(Box::new(stand_in.clone()));
        }
        let found = state.model.applications.get(&self.application);
        let name = found.map_or("", |found| found.charm.name.as_str());
        registry::create(name).map_err(|error| error.to_string())
    }

    async fn serve(&self, daemon: &Rc<Daemon>, provider: &mut dyn Provider) {
        let mut seen = None;
        let mut again = Instant::now();
        while !self.ending.get() {
            // Providers that never wait must not keep everybody else from their turn.
            tokio::task::yield_now().await;
            let sees = self.sees(daemon);
            if sees != seen || Instant::now() >= again {
                let settled = self.reconcile(daemon, provider).await;
                let wait = if settled { NEVER } else { AGAIN };
                again = Instant::now() + wait;
                seen = sees;
                continue;
            }
            if self.due.replace(false) {
                daemon.changed();
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
    }

    /// Calls the provider once; true when it is content.
    async fn reconcile(&self, daemon: &Rc<Daemon>, provider: &mut dyn Provider) -> bool {
        let Some(view) = self.view(daemon) else {
            return true;
        };
        let stand_in = daemon
            .state
            .borrow()
            .stand_ins
            .get(&self.application)
            .cloned();
        let answer = match stand_in {
            Some(mut stand_in) => stand_in.reconcile(&view).await,
            None => provider.reconcile(&view).await,
        };
        if self.ending.get() {
            return true;
        }
        match answer {
            Ok(update) => {
                let settled = update.status.status == "active";
                self.take(daemon, update);
                settled
            }
            // Bags and secrets stay: what failed may be back in a moment.
            Err(why) => {
                self.set_status(daemon, blocked(&why));
                daemon.changed();
                false
            }
        }
    }

    fn sees(&self, daemon: &Rc<Daemon>) -> Option<String> {
        let view = self.view(daemon)?;
        let state = daemon.state.borrow();
        let stand_in = state.stand_ins.get(&self.application);
        Some(format!(
            "{:?}{:?}{:?}",
            view.config,
            view.relations,
            stand_in.cloned()
        ))
    }

    fn view(&self, daemon: &Rc<Daemon>) -> Option<View> {
        daemon.read(|model| {
            let application = model.applications.get(&self.application)?;
            Some(View {
                application: self.application.clone(),
                model: model.name.clone(),
                model_uuid: model.uuid.clone(),
                config: application.effective_config(),
                relations: relations(model, &self.application),
                directory: daemon.directory.provider(&self.application),
                dial: daemon.dial(),
            })
        })
    }

    fn take(&self, daemon: &Rc<Daemon>, update: Update) {
        *self.services.borrow_mut() = update.services.clone();
        *self.addresses.borrow_mut() = update.addresses.clone();
        self.set_status(daemon, update.status.clone());
        let written = write(
            &mut daemon.state.borrow_mut().model,
            &self.application,
            update,
        );
        match written {
            Ok(changes) => daemon.apply(changes),
            Err(why) => self.set_status(daemon, blocked(&why)),
        }
    }

    fn set_status(&self, daemon: &Daemon, status: Status) {
        let mut state = daemon.state.borrow_mut();
        if let Some(application) = state.model.applications.get_mut(&self.application) {
            for unit in application.units.values_mut() {
                unit.status = status.clone();
                unit.agent = "idle".into();
            }
            application.status = status;
        }
    }
}

impl Daemon {
    /// Opens connections to ports inside units' containers.
    pub(super) fn dial(self: &Rc<Self>) -> Dial {
        let daemon = Rc::downgrade(self);
        #[expect(
            clippy::arc_with_non_send_sync,
            reason = "the type is the providers' interface"
        )]
        let dial: Dial = Arc::new(move |unit: String, port: u16| {
            let daemon = daemon.clone();
            Box::pin(async move {
                let gone = std::io::ErrorKind::ConnectionRefused;
                let daemon = daemon.upgrade().ok_or(gone)?;
                let pod = daemon.pods.borrow().get(&unit).cloned();
                pod.ok_or(gone)?.dial(port).await
            })
        });
        dial
    }
}

fn blocked(message: &str) -> Status {
    Status {
        status: "blocked".into(),
        message: message.into(),
    }
}

fn relations(model: &Model, application: &str) -> BTreeMap<u32, RelationView> {
    let mut views = BTreeMap::new();
    for (id, relation) in &model.relations {
        let Some(side) = relation.side_of(application) else {
            continue;
        };
        let Some(remote) = relation.remote_application(application) else {
            continue;
        };
        let remote_units = relation
            .members
            .iter()
            .filter(|member| application_of(member) == remote)
            .map(|member| {
                let bag = relation.bags.get(member).cloned();
                (member.clone(), bag.unwrap_or_default())
            })
            .collect();
        let view = RelationView {
            endpoint: side.endpoint.clone(),
            interface: relation.interface.clone(),
            remote_application: remote.to_owned(),
            remote_bag: relation.bags.get(remote).cloned().unwrap_or_default(),
            remote_units,
        };
        views.insert(*id, view);
    }
    views
}

/// Makes secrets and bags as the provider wants them; those that it does not name go.
fn write(model: &mut Model, application: &str, update: Update) -> Result<Vec<Change>, String> {
    let mut next = model.clone();
    let mut changes = Vec::new();
    let mut uris = BTreeMap::new();
    for (label, wanted) in update.secrets {
        let (id, made) = next
            .put_secret(Some(application), &label, wanted.content)
            .map_err(|error| error.to_string())?;
        changes.extend(made);
        let remote = next
            .relations
            .get(&wanted.relation)
            .and_then(|relation| relation.remote_application(application))
            .map(str::to_owned);
        if let Some(remote) = remote {
            next.grant_secret(&id, &remote, Some(wanted.relation))
                .map_err(|error| error.to_string())?;
        }
        uris.insert(label, id);
    }
    let unnamed: Vec<String> = next
        .secrets
        .iter()
        .filter(|(id, secret)| {
            secret.owner.as_deref() == Some(application) && !uris.values().any(|used| used == *id)
        })
        .map(|(id, _)| id.clone())
        .collect();
    let ids: Vec<u32> = next
        .relations
        .iter()
        .filter(|(_, relation)| relation.side_of(application).is_some())
        .map(|(id, _)| *id)
        .collect();
    let unit = next.applications.get(application).and_then(first_unit);
    for id in ids {
        let bag =
            |bags: &BTreeMap<u32, Bag>| resolve(bags.get(&id).cloned().unwrap_or_default(), &uris);
        changes.extend(next.set_bag(id, application, bag(&update.application_bags)));
        if let Some(number) = unit {
            let unit = format!("{application}/{number}");
            changes.extend(next.set_bag(id, &unit, bag(&update.unit_bags)));
        }
    }
    for id in unnamed {
        let removed = next.remove_secret(&id, None);
        changes.extend(removed.map_err(|error| error.to_string())?);
    }
    *model = next;
    Ok(changes)
}

fn first_unit(application: &Application) -> Option<u32> {
    application.units.keys().next().copied()
}

/// Puts the URIs of secrets for their labels, where a value is one or a JSON text has one.
fn resolve(mut bag: Bag, uris: &BTreeMap<String, String>) -> Bag {
    for value in bag.values_mut() {
        if let Some(label) = value.strip_prefix(SECRET_SCHEME) {
            if let Some(id) = uris.get(label) {
                *value = format!("secret:{id}");
            }
        } else if value.contains(SECRET_SCHEME) {
            for (label, id) in uris {
                let reference = format!("\"{SECRET_SCHEME}{label}\"");
                *value = value.replace(&reference, &format!("\"secret:{id}\""));
            }
        }
    }
    bag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_uris_also_within_json() {
        let uris = BTreeMap::from([
            ("a.1.user.secret".to_owned(), "d1".to_owned()),
            ("a.1.user.secret.tls".to_owned(), "d2".to_owned()),
        ]);
        for (value, expected) in [
            ("secret://a.1.user.secret", "secret:d1"),
            ("secret://unknown", "secret://unknown"),
            (
                r#"[{"user":"secret://a.1.user.secret"}]"#,
                r#"[{"user":"secret:d1"}]"#,
            ),
            (r#"["secret://a.1.user.secret.tls"]"#, r#"["secret:d2"]"#),
            (
                "see secret://a.1.user.secret",
                "see secret://a.1.user.secret",
            ),
        ] {
            let bag = Bag::from([("key".to_owned(), value.to_owned())]);
            assert_eq!(resolve(bag, &uris)["key"], expected);
        }
    }
}
