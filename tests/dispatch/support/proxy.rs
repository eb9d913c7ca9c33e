//! Stands before a unit's Pebble: writes requests down, and cuts where it was told to.

use std::path::Path;
use std::rc::{Rc, Weak};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::agent::Cut;
use super::world::World;

pub(super) fn serve(world: &Rc<World>, unit: &str, socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    let (world, unit) = (Rc::downgrade(world), unit.to_owned());
    tokio::task::spawn_local(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::task::spawn_local(relay(world.clone(), unit.clone(), client));
        }
    });
}

async fn relay(world: Weak<World>, unit: String, client: UnixStream) {
    let socket = world.upgrade().and_then(|world| {
        let containers = world.containers.borrow();
        Some(containers.get(&unit)?.socket())
    });
    let Some(socket) = socket else { return };
    let Ok(server) = UnixStream::connect(socket).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from_client.read(&mut buffer).await.unwrap_or(0);
            if read == 0 {
                let _ = to_server.shutdown().await;
                return;
            }
            if to_server.write_all(&buffer[..read]).await.is_err() {
                return;
            }
            let head = String::from_utf8_lossy(&buffer[..read.min(200)]).into_owned();
            // A request begins a packet: nothing here is sent before the answer to the one before.
            if ["GET /", "POST /", "DELETE /"]
                .iter()
                .any(|method| head.starts_with(method))
                && let Some(world) = world.upgrade()
            {
                let line = head.split(" HTTP/").next().unwrap_or_default();
                note(&world, &unit, line.to_owned());
            }
        }
    };
    let back = async move {
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(there, back);
}

fn note(world: &World, unit: &str, request: String) {
    let mut running = world.running.borrow_mut();
    let Some(running) = running.get_mut(unit).filter(|running| !running.killed) else {
        return;
    };
    running.requests.push(request);
    let count = running.requests.len();
    match running.cut {
        Cut::Request(at) if at == count => running.kill(),
        Cut::Pebble(at) if at == count => world.kill_pebble(unit),
        _ => {}
    }
}
