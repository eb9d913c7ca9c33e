//! Ports of units on 127.0.0.1. A port is chosen once and kept, also by a daemon that takes the model up again, so that
//! an address stays good while containers come and go.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Daemon;
use super::services::tcp_port;

/// By unit and its port.
#[derive(Default)]
pub(super) struct Published(RefCell<BTreeMap<(String, u16), Listener>>);

struct Listener {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Daemon {
    /// Makes exactly the open ports of units reachable.
    pub(super) fn update_published(self: &Rc<Self>) {
        let mut wanted = Vec::new();
        self.read(|model| {
            for (name, application) in model.applications.iter().filter(|(_, it)| it.runs_charm()) {
                for (number, unit) in &application.units {
                    for port in unit.ports.iter().filter_map(|port| tcp_port(port)) {
                        wanted.push((format!("{name}/{number}"), port));
                    }
                }
            }
        });
        let mut listeners = self.published.0.borrow_mut();
        listeners.retain(|key, _| wanted.contains(key));
        for (unit, port) in wanted {
            let key = (unit, port);
            if listeners.contains_key(&key) {
                continue;
            }
            match self.publish(&key.0, port) {
                Ok(listener) => {
                    listeners.insert(key, listener);
                }
                Err(error) => {
                    self.say(
                        "ERROR",
                        &format!("cannot publish port {port} of {}: {error}", key.0),
                    );
                }
            }
        }
    }

    /// Where a unit's port can be reached on this machine.
    pub(super) fn published_address(&self, unit: &str, port: u16) -> Option<String> {
        let listeners = self.published.0.borrow();
        let found = listeners.get(&(unit.to_owned(), port))?;
        Some(format!("http://127.0.0.1:{}", found.port))
    }

    fn publish(self: &Rc<Self>, unit: &str, port: u16) -> std::io::Result<Listener> {
        let kept = {
            let state = self.state.borrow();
            let found = state.units.get(unit);
            found.and_then(|unit| unit.published.get(&port).copied())
        };
        let bind = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        // Somebody else may have taken the port while there was no daemon.
        let listener = kept.map_or_else(|| bind(0), |kept| bind(kept).or_else(|_| bind(0)))?;
        listener.set_nonblocking(true)?;
        let chosen = listener.local_addr()?.port();
        if let Some(unit) = self.state.borrow_mut().units.get_mut(unit) {
            unit.published.insert(port, chosen);
        }
        let listener = TcpListener::from_std(listener)?;
        let task =
            tokio::task::spawn_local(relay(Rc::clone(self), unit.to_owned(), port, listener));
        Ok(Listener { port: chosen, task })
    }
}

async fn relay(daemon: Rc<Daemon>, unit: String, port: u16, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::task::spawn_local(connect(Rc::clone(&daemon), unit.clone(), port, stream));
            }
            Err(error) => {
                daemon.say("ERROR", &format!("cannot accept for {unit}: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A connection that the unit does not take ends.
async fn connect(daemon: Rc<Daemon>, unit: String, port: u16, mut stream: TcpStream) {
    let pod = daemon.pods.borrow().get(&unit).cloned();
    let Some(pod) = pod else { return };
    if let Ok(mut inside) = pod.dial(port).await {
        let _ = stream.set_nodelay(true);
        let _ = copy_bidirectional(&mut stream, &mut inside).await;
    }
}
