//! What the app writes, forwarded by a real Pebble to a receiver that speaks Loki's protocol at the wire.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use charmwright::pebble::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use super::support::{Cut, Setup, World, active, bag, run};

const UNIT: &str = "web/0";
const LOKI: &str = "loki-0.loki-endpoints.demo.svc.cluster.local";

/// Numbered lines for as long as the app runs.
const WRITE: &str = "( n=0; while :; do n=$((n + 1)); echo \"line $n\"; sleep 0.1; done ) &\n";

/// Who takes log lines.
struct Receiver {
    address: SocketAddr,
    /// The path of each request, and its body.
    pushed: Rc<RefCell<Vec<(String, Value)>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            pushed: Rc::default(),
        };
        let pushed = Rc::clone(&receiver.pushed);
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let pushed = Rc::clone(&pushed);
                // A client may go away at any time.
                spawn_local(async move { drop(take(stream, &pushed).await) });
            }
        });
        receiver
    }

    /// The numbers of the lines that have come, and the labels of each.
    fn lines(&self) -> Vec<(u64, Value)> {
        let pushed = self.pushed.borrow();
        let mut lines = Vec::new();
        for (path, body) in pushed.iter() {
            assert_eq!(path, "/loki/api/v1/push");
            for stream in body["streams"].as_array().unwrap() {
                for value in stream["values"].as_array().unwrap() {
                    let number = value[1].as_str().and_then(number);
                    lines.extend(number.map(|number| (number, stream["stream"].clone())));
                }
            }
        }
        lines
    }
}

async fn take(stream: TcpStream, pushed: &RefCell<Vec<(String, Value)>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        let mut path = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim().to_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if let Some(rest) = line.strip_prefix("post ") {
                path = rest.split(' ').next().unwrap().to_owned();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let body = serde_json::from_slice(&body).unwrap();
        pushed.borrow_mut().push((path, body));
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
            .await?;
    }
}

fn number(line: &str) -> Option<u64> {
    line.trim().strip_prefix("line ")?.parse().ok()
}

/// The last line that the app has written.
async fn last_written(pebble: &Client) -> u64 {
    let logs = pebble.logs(&["fastapi"], 20).await.unwrap();
    let numbers = logs.iter().filter_map(|entry| number(&entry.message));
    numbers.max().unwrap_or(0)
}

async fn until(wanted: impl AsyncFn() -> bool) {
    while !wanted().await {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn say(world: &World, relation: u32, url: &str) {
    let endpoint = json!({"url": url}).to_string();
    let mut model = world.model.borrow_mut();
    let changes = model.set_bag(relation, "loki/0", bag(&[("endpoint", &endpoint)]));
    model.enqueue(changes);
}

fn relate(world: &World) -> u32 {
    let mut model = world.model.borrow_mut();
    let (id, changes) = model.integrate("web:logging", "loki").unwrap();
    model.enqueue(changes);
    id
}

/// A unit whose app writes.
async fn writing() -> Rc<World> {
    let world = World::new(Setup::default());
    world.add_unit().await;
    world.write(UNIT, "/tmp/fastapi.sh", WRITE).await;
    world.drain().await;
    assert_eq!(world.status(UNIT), active());
    world
}

async fn location(world: &World) -> String {
    let plan = world.pebble(UNIT).plan().await.unwrap();
    let target = plan.log_targets.get("loki/0");
    let location = target.and_then(|target| target.get("location")?.as_str());
    location.unwrap_or_default().to_owned()
}

/// Nothing is written at an event without a reason.
async fn assert_settled(world: &Rc<World>) {
    world.watched.set(true);
    world.update_status().await;
    world.watched.set(false);
    let ran = world.last();
    assert_eq!(ran.writes(), Vec::<&_>::new());
    let reads = |request: &String| request.starts_with("GET ");
    assert!(ran.requests.iter().all(reads), "{:?}", ran.requests);
}

#[test]
fn lines_of_the_app_arrive_at_loki_as_long_as_it_is_related() {
    run(async {
        let receiver = Receiver::start().await;
        let world = writing().await;
        world.reach(UNIT, LOKI, 3100, receiver.address).await;
        let id = relate(&world);
        world.drain().await;
        assert!(world.bag(id, "web").is_empty());
        assert_settled(&world).await;

        say(&world, id, &format!("http://{LOKI}:3100/loki/api/v1/push"));
        world.drain().await;
        assert_eq!(world.status(UNIT), active());
        let log = world
            .ran
            .borrow()
            .iter()
            .flat_map(|ran| ran.log.clone())
            .last();
        assert!(log.unwrap().message.contains("forwarding logs to loki/0"));
        until(async || !receiver.lines().is_empty()).await;
        let uuid = "0d9c2cf4-8a2b-4d31-9f0a-111111111111";
        for (_, labels) in receiver.lines() {
            assert_eq!(
                labels,
                json!({
                    "product": "Juju", "charm": "web", "juju_model": "demo", "juju_model_uuid": uuid,
                    "juju_application": "web", "juju_unit": UNIT, "job": "juju_demo_0d9c2cf4_web",
                    "pebble_service": "fastapi",
                })
            );
        }
        assert!(world.bag(id, "web")["metadata"].contains("web/0"));
        assert_eq!(world.bag(id, "web")["alert_rules"], "{}");
        assert_settled(&world).await;

        let changes = world.model.borrow_mut().remove_relation("web", "loki");
        world.model.borrow_mut().enqueue(changes.unwrap());
        world.drain().await;
        let pebble = world.pebble(UNIT);
        let last = last_written(&pebble).await;
        until(async || last_written(&pebble).await > last + 30).await;
        let late = receiver
            .lines()
            .into_iter()
            .filter(|(number, _)| *number > last);
        assert_eq!(late.collect::<Vec<_>>(), Vec::new());
        assert_eq!(location(&world).await, "(removed)");
        assert_settled(&world).await;

        // All that without another start.
        assert_eq!(world.starts(UNIT, "fastapi").await, 1);
    });
}

#[test]
fn log_targets_are_right_wherever_a_hook_was_killed_and_after_the_container_came_back() {
    run(async {
        let world = writing().await;
        let id = relate(&world);
        world.drain().await;
        let mut at = 0;
        loop {
            at += 1;
            let url = format!("http://{LOKI}:{at}/loki/api/v1/push");
            say(&world, id, &url);
            let ran = world.step(UNIT, Cut::Request(at)).await.unwrap();
            world.drain().await;
            assert_eq!(location(&world).await, url, "cut at request {at}");
            if ran.code.is_some() {
                break;
            }
        }
        // The reads, and the layer.
        assert!(at > 4, "{at}");
        assert_eq!(world.starts(UNIT, "fastapi").await, 1);

        let before = location(&world).await;
        world.restart_container(UNIT).await;
        assert_eq!(location(&world).await, "");
        world.drain().await;
        assert_eq!(location(&world).await, before);
    });
}
