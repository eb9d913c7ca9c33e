//! A `dispatch` that is killed wherever it can be is as if it had not been: the event is handled again, and after one
//! update-status everything is as in a world where nobody was killed.

use std::rc::Rc;

use futures_util::future::join_all;

use super::support::{Cut, Database, Declared, Facts, Setup, World, active, blocked, run};

const UNIT: &str = "web/0";

/// Tells of migrations that begin though one has succeeded, and of two at once: Pebble kills a migration's first process
/// when nobody listens to it any more.
const MIGRATE: &str = "\
if [ \"$(cat /tmp/fastapi/state/database-migration-status 2> /dev/null)\" = COMPLETED ]; then
    echo again >> /tmp/mistakes
fi
if [ -e /tmp/migrating ] && kill -0 $(cat /tmp/migrating); then
    echo overlap >> /tmp/mistakes
fi
echo $$ > /tmp/migrating
sleep 0.2
rm /tmp/migrating
";

/// How the hooks of a test are cut off.
type Cuts = fn(usize) -> Cut;

/// Worlds that share the work.
const SHARES: usize = 3;

fn required() -> Setup {
    Setup {
        charm: Declared {
            database_required: true,
            ..Declared::default()
        },
        ..Setup::default()
    }
}

/// Lets `begin` bring about an event, kills its hook, lets it be handled again, and compares with the same without the
/// kill. Goes on until a hook comes to its end before it is killed.
async fn survive(setup: Setup, cuts: Cuts, share: usize, begin: impl AsyncFn(&Rc<World>)) -> usize {
    let world = World::with_unit(setup).await;
    // The first time may do more than the others.
    let mut undisturbed = Facts::default();
    let mut migrations = 0;
    for _ in 0..2 {
        begin(&world).await;
        let before = world.migrations(UNIT).await;
        world.drain().await;
        world.update_status().await;
        migrations = world.migrations(UNIT).await - before;
        undisturbed = world.facts().await;
        undisturbed.assert_sound("undisturbed");
    }
    let mut at = share + 1;
    loop {
        begin(&world).await;
        let before = world.migrations(UNIT).await;
        let cut = cuts(at);
        let ran = world.step(UNIT, cut).await.unwrap();
        let when = format!(
            "{} cut at {cut:?}: {:?} {:?}",
            ran.event,
            ran.calls.last(),
            ran.requests.last()
        );
        let over = ran.code.is_some();
        assert!(!over || ran.code == Some(0), "{when}: {}", ran.stderr);
        world.drain().await;
        world.update_status().await;
        let facts = world.facts().await;
        facts.assert_sound(&when);
        facts.assert_are(&undisturbed, &when);
        let more = world.migrations(UNIT).await - before;
        assert!(more <= migrations + 1, "{when}: {more} migrations");
        let mistakes = world.pebble(UNIT).read_file("/tmp/mistakes").await;
        let mistakes = mistakes.map(|text| String::from_utf8(text).unwrap());
        assert!(mistakes.is_err(), "{when}: {mistakes:?}");
        if over {
            return at;
        }
        at += SHARES;
    }
}

/// Cuts an event's hook everywhere, at its hook tools and at its requests to Pebble.
async fn survive_everywhere(setup: Setup, begin: impl AsyncFn(&Rc<World>)) {
    let begin = &begin;
    let work = (0..SHARES).flat_map(|share| {
        let cuts: [Cuts; 2] = [Cut::Tool, Cut::Request];
        cuts.map(|cuts| survive(setup, cuts, share, begin))
    });
    let ends = join_all(work).await;
    // Something was cut, or nothing was proven.
    assert!(ends.iter().all(|end| *end > SHARES), "{ends:?}");
}

#[test]
fn a_changed_option_survives_kills() {
    run(async {
        survive_everywhere(Setup::default(), async |world| {
            // To and fro, so that each round has a change.
            world.config(&[("greeting", "other")]);
            world.drain().await;
            assert_eq!(world.status(UNIT), active());
            world.config(&[("greeting", "Hi!")]);
        })
        .await;
    });
}

#[test]
fn a_new_database_survives_kills() {
    run(async {
        survive_everywhere(required(), async |world| {
            if world.database_relation().is_some() {
                world.unrelate_database();
                world.drain().await;
            }
            assert_eq!(
                world.status(UNIT),
                blocked("missing integrations: postgresql")
            );
            world.write(UNIT, "/tmp/migrate.sh", MIGRATE).await;
            world.relate_database();
            world.drain().await;
            world.provide(&Database::secret("password"));
        })
        .await;
    });
}

#[test]
fn a_request_for_a_database_survives_kills() {
    run(async {
        survive_everywhere(required(), async |world| {
            if world.database_relation().is_some() {
                world.unrelate_database();
                world.drain().await;
            }
            world.relate_database();
        })
        .await;
    });
}

#[test]
fn a_fresh_container_survives_kills() {
    run(async {
        survive_everywhere(Setup::default(), async |world| {
            world.restart_container(UNIT).await;
            world.write(UNIT, "/tmp/migrate.sh", MIGRATE).await;
        })
        .await;
    });
}

#[test]
fn a_rotation_that_is_killed_is_none() {
    run(async {
        let rotations = [Cut::Tool, Cut::Request].map(|cuts: Cuts| async move {
            let world = World::with_unit(Setup::default()).await;
            // The first moves the key into a secret, the second gives that a new revision.
            for _ in 0..2 {
                for at in 1.. {
                    let (key, before) = (world.key(), world.facts().await);
                    let action = world.queue_action(UNIT, "rotate-secret-key", &[]);
                    let ran = world.step(UNIT, cuts(at)).await.unwrap();
                    world.drain().await;
                    world.update_status().await;
                    let facts = world.facts().await;
                    facts.assert_sound(&format!("{:?}", cuts(at)));
                    if ran.code.is_some() {
                        assert_ne!(world.key(), key);
                        let model = world.model.borrow();
                        assert_eq!(model.actions[&action].results["status"], "success");
                        assert!(at > 8, "{at}");
                        break;
                    }
                    assert_eq!(world.key(), key, "{:?}", cuts(at));
                    facts.assert_are(&before, &format!("{:?}", cuts(at)));
                }
            }
        });
        join_all(rotations).await;
    });
}

#[test]
fn a_hook_that_is_terminated_or_whose_tool_fails_says_so_in_one_line_and_is_tried_again() {
    run(async {
        let cuts: [Cuts; 2] = [Cut::Terminate, Cut::Fail];
        let shares = (0..SHARES).flat_map(|share| cuts.map(|cuts| (share, cuts)));
        let ends = shares.map(|(share, cuts)| async move {
            let world = World::with_unit(Setup::default()).await;
            world.relate_database();
            world.provide(&Database::secret("password"));
            world.drain().await;
            let mut undisturbed = Facts::default();
            for at in std::iter::once(0).chain((share + 1..).step_by(SHARES)) {
                world.config(&[("greeting", "other")]);
                world.drain().await;
                world.config(&[("greeting", "Hi!")]);
                let ran = world.step(UNIT, cuts(at)).await.unwrap();
                let when = format!("{:?} at {:?}", cuts(at), ran.calls.get(at.max(1) - 1));
                if ran.code != Some(0) {
                    assert_eq!(ran.code, Some(1), "{when}");
                    assert_eq!(ran.stderr.lines().count(), 1, "{when}: {}", ran.stderr);
                    let said = match cuts(at) {
                        Cut::Fail(_) => ran.calls[at - 1].tool.as_str(),
                        _ => "terminated",
                    };
                    assert!(ran.stderr.contains(said), "{when}: {}", ran.stderr);
                }
                world.drain().await;
                world.update_status().await;
                let facts = world.facts().await;
                facts.assert_sound(&when);
                if at == 0 {
                    undisturbed = facts;
                } else {
                    facts.assert_are(&undisturbed, &when);
                }
                if at > ran.calls.len() {
                    return at;
                }
            }
            0
        });
        let ends = join_all(ends).await;
        assert!(ends.iter().all(|end| *end > 10), "{ends:?}");
    });
}
