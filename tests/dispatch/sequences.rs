//! Whatever happened, in whatever order: when all events are handled, everything is as in a fresh deployment that knows
//! nothing of it, and nothing more is to be done.
//!
//! `CHARMWRIGHT_SEQUENCES=N` runs more sequences, `CHARMWRIGHT_SEED=N` begins with another one.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use charmwright::local::model::{Change, QueuedEvent};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use super::support::{
    Cut, Database, Declared, Facts, LAYER, Setup, WITH_HELPERS, World, active, bag, run_within,
};

const SEQUENCES: u64 = 12;
const LENGTH: usize = 25;
/// How many run at once: most of the time is Pebble's second of looking at a service that starts.
const AT_ONCE: usize = 6;
const MOST_UNITS: usize = 3;

/// Something that happens. Numbers choose among what there is then.
#[derive(Clone, Debug)]
enum Operation {
    Set(&'static str, &'static str),
    Reset(&'static str),
    Relate,
    Unrelate,
    Provide(Database),
    RelateIngress,
    UnrelateIngress,
    Publish(&'static str),
    AddUnit,
    RemoveUnit(usize),
    Lead(usize),
    RestartContainer(usize),
    UpdateStatus(usize),
    Rotate(usize),
    /// From now on this script of the unit's container has more to do.
    Script(usize, &'static str, &'static str),
    Step(usize),
    Kill(usize, Cut),
    Drain,
}

/// SplitMix64: the same numbers everywhere for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

const SETTINGS: [(&str, &str); 10] = [
    ("greeting", "Hi!"),
    ("greeting", "it's = \"quoted\"\nand long"),
    ("greeting", ""),
    ("max-items", "20"),
    ("webserver-workers", "4"),
    ("webserver-workers", "0"),
    ("webserver-port", "9090"),
    ("webserver-port", "8080"),
    ("webserver-log-level", "debug"),
    ("webserver-log-level", "loud"),
];

const INGRESS: [&str; 4] = [
    r#"{"url": "https://apps.example/demo-web"}"#,
    r#"{"url": "http://other.example"}"#,
    "null",
    "{",
];

const SCRIPTS: [(&str, &str); 4] = [
    ("migrate", "echo broken; exit 3\n"),
    ("migrate", ""),
    ("fastapi", "echo broken; exit 4\n"),
    ("fastapi", ""),
];

fn operation(random: &mut Random) -> Operation {
    let database = [
        Database::Silent,
        Database::Half,
        Database::Malformed,
        Database::Several,
        Database::Plain("p@ss".into()),
        Database::secret("one-password"),
        Database::secret("other/password"),
        Database::secret("third password"),
    ];
    match random.below(35) {
        0..=4 => {
            let (name, value) = random.of(&SETTINGS);
            Operation::Set(name, value)
        }
        5 => Operation::Reset(random.of(&SETTINGS).0),
        6 | 7 => Operation::Relate,
        8 => Operation::Unrelate,
        9..=13 => Operation::Provide(random.of(&database)),
        14 => Operation::RelateIngress,
        15 => Operation::UnrelateIngress,
        16 | 17 => Operation::Publish(random.of(&INGRESS)),
        18 | 19 => Operation::AddUnit,
        20 => Operation::RemoveUnit(random.below(9)),
        21 => Operation::Lead(random.below(9)),
        22 => Operation::RestartContainer(random.below(9)),
        23 => Operation::UpdateStatus(random.below(9)),
        24 => Operation::Rotate(random.below(9)),
        25 => {
            let (name, text) = random.of(&SCRIPTS);
            Operation::Script(random.below(9), name, text)
        }
        26..=29 => Operation::Step(random.below(9)),
        30..=32 => {
            let at = 1 + random.below(16);
            let cut = random.of(&[Cut::Tool(at), Cut::Request(at), Cut::Pebble(at)]);
            Operation::Kill(random.below(9), cut)
        }
        _ => Operation::Drain,
    }
}

/// What a person and providers have said last.
#[derive(Clone, Debug, Default)]
struct Said {
    database: Option<Database>,
    ingress: Option<&'static str>,
}

fn ingress_relation(world: &World) -> Option<u32> {
    let model = world.model.borrow();
    let mut relations = model.relations.iter();
    relations
        .find(|(_, relation)| !relation.dying && relation.side_of("edge").is_some())
        .map(|(id, _)| *id)
}

fn relate_ingress(world: &World) {
    let mut model = world.model.borrow_mut();
    let (_, changes) = model.integrate("web", "edge").unwrap();
    model.enqueue(changes);
}

fn publish(world: &World, text: &str) {
    if let Some(id) = ingress_relation(world) {
        let mut model = world.model.borrow_mut();
        let changes = model.set_bag(id, "edge", bag(&[("ingress", text)]));
        model.enqueue(changes);
    }
}

fn is_there(world: &World, application: &str) -> bool {
    let model = world.model.borrow();
    let mut relations = model.relations.values();
    relations.any(|relation| relation.side_of(application).is_some())
}

fn living(world: &World) -> Vec<String> {
    world.model.borrow().living_units("web")
}

fn lead(world: &World, unit: &str) {
    let number = unit.trim_start_matches("web/").parse().unwrap();
    let mut model = world.model.borrow_mut();
    let app = model.applications.get_mut("web").unwrap();
    if app.leader != Some(number) {
        app.leader = Some(number);
        let application = "web".into();
        model.enqueue(vec![Change::LeaderElected { application }]);
    }
}

async fn apply(world: &Rc<World>, said: &mut Said, operation: &Operation) {
    let of = |units: Vec<String>, at: usize| units[at % units.len()].clone();
    match operation {
        Operation::Set(name, value) => world.config(&[(name, value)]),
        Operation::Reset(name) => world.reset(&[name]),
        Operation::Relate if !is_there(world, "pg") => {
            world.relate_database();
            said.database = Some(Database::Silent);
        }
        Operation::Unrelate if world.database_relation().is_some() => {
            world.unrelate_database();
            said.database = None;
        }
        Operation::Provide(database) if world.database_relation().is_some() => {
            world.provide(database);
            said.database = Some(database.clone());
        }
        Operation::RelateIngress if !is_there(world, "edge") => {
            relate_ingress(world);
            said.ingress = Some("");
        }
        Operation::UnrelateIngress if ingress_relation(world).is_some() => {
            let mut model = world.model.borrow_mut();
            let changes = model.remove_relation("web", "edge").unwrap();
            model.enqueue(changes);
            said.ingress = None;
        }
        Operation::Publish(text) if ingress_relation(world).is_some() => {
            publish(world, text);
            said.ingress = Some(text);
        }
        Operation::AddUnit if living(world).len() < MOST_UNITS => {
            world.add_unit().await;
        }
        Operation::RemoveUnit(at) if living(world).len() > 1 => {
            world.remove_unit(&of(living(world), *at));
        }
        Operation::Lead(at) => lead(world, &of(living(world), *at)),
        Operation::RestartContainer(at) => {
            world.restart_container(&of(living(world), *at)).await;
        }
        Operation::UpdateStatus(at) => {
            world.push(&of(living(world), *at), QueuedEvent::UpdateStatus);
        }
        Operation::Rotate(at) => {
            world.queue_action(&of(living(world), *at), "rotate-secret-key", &[]);
        }
        Operation::Script(at, name, text) => {
            let unit = of(living(world), *at);
            world.write(&unit, &format!("/tmp/{name}.sh"), text).await;
        }
        Operation::Step(at) => {
            let ran = world.step(&of(world.units(), *at), Cut::Never).await;
            if let Some(ran) = ran {
                assert_eq!(ran.code, Some(0), "{}: {}", ran.event, ran.stderr);
            }
        }
        Operation::Kill(at, cut) => {
            let unit = of(world.units(), *at);
            world.step(&unit, *cut).await;
            if world.has_lost_pebble(&unit) {
                world.restart_container(&unit).await;
            }
        }
        Operation::Drain => world.drain().await,
        _ => {}
    }
}

/// A world in the same end state that has seen nothing else.
async fn fresh(setup: Setup, model: &World, said: &Said) -> Rc<World> {
    let world = World::new(setup);
    let (numbers, leader, config) = {
        let model = model.model.borrow();
        let app = &model.applications["web"];
        let numbers: Vec<u32> = app.units.keys().copied().collect();
        (numbers, app.leader, app.config.clone())
    };
    if said.ingress.is_some() {
        relate_ingress(&world);
    }
    if let Some(database) = &said.database {
        world.relate_database();
        world.provide(database);
    }
    if let Some(text) = said.ingress.filter(|text| !text.is_empty()) {
        publish(&world, text);
    }
    for number in numbers {
        let next = |world: &World| {
            let mut model = world.model.borrow_mut();
            let app = model.applications.get_mut("web").unwrap();
            app.next_unit = number;
            app.leader = leader;
            app.config.clone_from(&config);
        };
        next(&world);
        world.add_unit().await;
    }
    world
}

/// Without what legitimately tells of the past: who asked as the leader of its time, where the key is kept, and, while
/// the app cannot run, with what it ran before.
fn comparable(mut facts: Facts) -> Facts {
    for ((relation, member), bag) in &mut facts.bags {
        if relation.contains("secret-storage") {
            bag.remove("fastapi_secret_key");
            bag.remove("secret-key-id");
        }
        if relation.contains("postgresql") && member.contains('/') {
            bag.remove("requested-secrets");
            bag.remove("provided-secrets");
        }
        // A port that was opened stays open.
        if facts.app != active() {
            bag.remove("is_port_open");
        }
    }
    for unit in facts.units.values_mut() {
        if unit.status != active() {
            unit.plan.clear();
            unit.planned.clear();
            unit.running.clear();
            unit.ports.clear();
            unit.files.remove("original-services.json");
            unit.files.remove("database-migration-status");
            unit.states.retain(|name, _| name != "exporter");
        }
    }
    facts
}

async fn settle(world: &Rc<World>) -> Facts {
    world.drain().await;
    world.update_status().await;
    let facts = world.facts().await;
    facts.assert_sound("settled");
    for (unit, found) in &facts.units {
        if let Some(environment) = found.running.get("fastapi") {
            assert_eq!(environment["APP_SECRET_KEY"], "KEY", "{unit}");
        }
    }
    facts
}

async fn sequence(setup: Setup, operations: &[Operation]) {
    let world = World::new(setup);
    world.add_unit().await;
    let mut said = Said::default();
    for operation in operations {
        apply(&world, &mut said, operation).await;
    }
    world.drain().await;
    // What is invalid leaves the app as it was, which a fresh one cannot know.
    for (name, value) in SETTINGS {
        let set = world.model.borrow().applications["web"]
            .config
            .get(name)
            .cloned();
        if ["0", "loud"].contains(&value) && set.is_some() {
            world.reset(&[name]);
        }
    }
    if said.database == Some(Database::Malformed) {
        let database = Database::secret("valid");
        world.provide(&database);
        said.database = Some(database);
    }
    for unit in world.units() {
        for name in ["migrate", "fastapi"] {
            world.remove(&unit, &format!("/tmp/{name}.sh")).await;
        }
    }
    let facts = settle(&world).await;
    let handled = world.ran.borrow().len();
    world.update_status().await;
    for ran in world.ran.borrow().iter().skip(handled) {
        assert!(ran.writes().is_empty(), "{}: {:?}", ran.event, ran.writes());
    }
    world.facts().await.assert_are(&facts, "drained once more");

    let other = fresh(setup, &world, &said).await;
    let expected = settle(&other).await;
    comparable(facts).assert_are(&comparable(expected), "as if fresh");
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn every_sequence_of_events_ends_as_a_fresh_deployment() {
    let first = number("CHARMWRIGHT_SEED", 1);
    let count = number("CHARMWRIGHT_SEQUENCES", SEQUENCES);
    // Each takes seconds.
    let limit = Duration::from_secs(300 + 30 * count);
    run_within(limit, async {
        let sequences = stream::iter(first..first + count).map(|seed| async move {
            let mut random = Random(seed);
            let setup = Setup {
                charm: Declared {
                    database_required: random.below(2) == 0,
                    ..Declared::default()
                },
                layer: random.of(&[LAYER, WITH_HELPERS]),
                ..Setup::default()
            };
            let operations: Vec<Operation> = (0..LENGTH).map(|_| operation(&mut random)).collect();
            let done = AssertUnwindSafe(sequence(setup, &operations));
            if done.catch_unwind().await.is_err() {
                eprintln!("CHARMWRIGHT_SEED={seed} CHARMWRIGHT_SEQUENCES=1: {setup:?}");
                for operation in operations {
                    eprintln!("    {operation:?}");
                }
                return Some(seed);
            }
            None
        });
        let failed: Vec<u64> = sequences
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        assert!(failed.is_empty(), "seeds {failed:?}");
    });
}
