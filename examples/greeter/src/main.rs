//! A charm with code of its own: a variable that is computed, two actions, and an interface for each side.
//!
//! `cargo run -- pack` packs it; docs/how-to/write-charm-code.md tells the rest.

use std::process::ExitCode;

use charmwright::charm::{
    Answer, Bag, Call, Context, Facts, Interface, Outcome, Provided, Reads, Relation, Request,
    Result, Run, SecretRequest, Value,
};

fn main() -> ExitCode {
    charmwright::charm()
        .variable("CACHE_MB", cache)
        .action("greet", greet)
        .action("look", look)
        .interface("motd", Motd)
        .interface("site", Site)
        .main()
}

/// The units share the memory that the option `cache-mb` allows to all of them.
fn cache(facts: &Facts<'_>) -> Result<Option<String>> {
    let Some(all) = facts.option("cache-mb").and_then(Value::as_u64) else {
        return Ok(None);
    };
    let share = all / facts.units() as u64;
    if share == 0 {
        let (units, app) = (facts.units(), facts.app());
        return Err(format!(
            "{all} MB are too few for {units} units; run `juju config {app} cache-mb={units}`"
        )
        .into());
    }
    Ok(Some(share.to_string()))
}

/// Answers by itself.
fn greet(call: &Call<'_>) -> Result<Answer> {
    let facts = call.facts();
    let greeting = facts.option("greeting").and_then(Value::as_str);
    let greeting = greeting.ok_or("the option `greeting` has no value")?;
    let name = call.parameter("name").and_then(Value::as_str);
    let text = format!("{greeting}, {}!", name.unwrap_or("world"));
    Ok(Answer::results([
        ("text", text.as_str()),
        ("unit", facts.unit()),
    ]))
}

/// Runs a command in the app's container.
fn look(call: &Call<'_>) -> Result<Answer> {
    let secret = call.password();
    let run = Run::new([
        "sh",
        "-c",
        "echo \"$ACTION_NAME by $(id -un) in $(pwd), password $PASSWORD\"",
    ])
    .variable("PASSWORD", secret)
    .output("said")
    .result("password", secret);
    Ok(run.into())
}

/// Takes the message of the day, and a token in a secret where there is one.
struct Motd;

impl Interface for Motd {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let uri = relation.remote_app.get("token-secret");
        uri.map(|uri| SecretRequest {
            uri: uri.clone(),
            label: None,
        })
        .into_iter()
        .collect()
    }

    fn request(&self, _: &Context<'_>, _: &Relation) -> Request {
        Request {
            app: Bag::from([("language".into(), "en".into())]),
            ..Request::default()
        }
    }

    fn outcome(&self, _: &Context<'_>, relation: &Relation) -> Outcome {
        let Some(message) = relation.remote_app.get("message") else {
            return Outcome::Incomplete;
        };
        let token = relation
            .secrets
            .values()
            .find_map(|content| content.get("token"));
        if let Some(token) = token.filter(|token| token.contains(' ')) {
            return Outcome::Invalid(format!("the token `{token}` has a blank"));
        }
        let mut variables = Bag::from([("MOTD".into(), message.clone())]);
        variables.extend(token.map(|token| ("MOTD_TOKEN".into(), token.clone())));
        Outcome::Ready(Provided {
            variables,
            ..Provided::default()
        })
    }
}

/// Tells others where the app is.
struct Site;

impl Interface for Site {
    fn reads(&self) -> Reads {
        Reads {
            local_app: true,
            ..Reads::default()
        }
    }

    fn request(&self, context: &Context<'_>, _: &Relation) -> Request {
        let inside = format!("http://{}.{}:{}", context.app, context.model, context.port);
        let url = context.outside_url.map_or(inside, str::to_owned);
        Request {
            app: Bag::from([("url".into(), url)]),
            ..Request::default()
        }
    }

    fn outcome(&self, _: &Context<'_>, _: &Relation) -> Outcome {
        Outcome::Ready(Provided::default())
    }
}
