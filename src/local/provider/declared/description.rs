//! What `metadata/providers/*.yaml` says of a provider.
//!
//! Every text that is marked as a template may hold what [`super::template`] puts in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::local::model::ConfigOption;

/// One provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Description {
    /// The charm that it stands in for.
    pub charm: String,
    /// The server's name in messages.
    pub title: String,
    /// The command that installs what is missing.
    pub install: String,
    /// Executables by the name that this description has for them: names to look for, or absolute paths; the first
    /// that is there is taken.
    pub programs: BTreeMap<String, Vec<String>>,
    /// What stands before the version in what the first server prints for `--version`: `{version}` is what follows.
    pub version: Option<String>,
    /// What succeeds if all is installed that the programs need.
    pub check: Vec<Step>,
    /// Options of the charm.
    pub options: BTreeMap<String, ConfigOption>,
    /// Names of random texts of the provider's own: `{generated.NAME}`. They are kept.
    pub generate: Vec<String>,
    /// Names of free TCP ports of 127.0.0.1: `{port.NAME}`. They are kept while they can be had.
    pub ports: Vec<String>,
    /// Files in the provider's directory, which only the server and we can read.
    pub files: Vec<File>,
    /// Makes the data in `{data}`, once; without it the server starts with an empty directory.
    pub make: Option<Run>,
    /// The servers, in the order of their start.
    pub servers: Vec<Run>,
    /// What makes running servers read files that changed.
    pub reload: Vec<Step>,
    /// They are started again when a file changed.
    pub restart: bool,
    /// What applications can reach.
    pub services: Vec<Published>,
    /// Templates: what a person can reach, for `local status`.
    pub addresses: Vec<String>,
    /// Endpoints by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// A template: the message of the status `active`.
    pub status: String,
}

/// A file. Paths in it have to be relative to the data, the servers' working directory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// Its name.
    pub name: String,
    /// A template: how it begins.
    pub text: String,
    /// A template: what follows for each request of each relation.
    pub each: String,
    /// A template: how it ends.
    pub end: String,
}

/// A program to run, with the server's identity, in the directory of the data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Run {
    /// Which of the programs.
    pub program: String,
    /// Templates. Everybody on the machine can read them: no secrets.
    pub arguments: Vec<String>,
    /// Templates.
    pub environment: BTreeMap<String, String>,
    /// What the names of its processes start with.
    pub processes: Vec<String>,
    /// It is ready when all of these succeed.
    pub ready: Vec<Step>,
    /// How many seconds that may take; 60 when not given.
    pub patience: Option<u64>,
}

/// Something that is done with a running server; exactly one of `connect`, `http` and `run`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Step {
    /// A port's name: it accepts connections.
    pub connect: Option<String>,
    /// A template: `METHOD http://…`.
    pub http: Option<String>,
    /// Templates.
    pub headers: BTreeMap<String, String>,
    /// A template: `user:password` for basic authentication.
    pub basic: Option<String>,
    /// A template: a text as it is, or a structure, which is sent as JSON.
    pub body: Value,
    /// Status codes that are right; 200, 201 and 204 when not given.
    pub expect: Vec<u16>,
    /// What is kept of a JSON answer, as `{granted.NAME}`: JSON pointers by name.
    pub keep: BTreeMap<String, String>,
    /// One of the programs, run as ourselves.
    pub run: Option<String>,
    /// Templates, of which no secrets.
    pub arguments: Vec<String>,
    /// Templates.
    pub environment: BTreeMap<String, String>,
    /// A template: its standard input.
    pub input: String,
    /// What its output contains when all is well.
    pub says: Option<String>,
}

/// A port that applications can reach.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Published {
    /// A template: the port's number for applications.
    pub port: Value,
    /// The name of the port where the server listens.
    pub to: Option<String>,
    /// Or the file name of its socket, in `{socket}`.
    pub socket: Option<String>,
    /// Templates: more host names, beside those that Kubernetes would give.
    pub names: Vec<String>,
    /// It is at 127.0.0.1 instead, as on this machine: one URL for applications and for people.
    pub here: bool,
}

/// An endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Endpoint {
    /// The interface.
    pub interface: String,
    /// Whether the other application provides it.
    pub required: bool,
    /// The keys of the other application's bag that are `{bag.KEY}`, with what they hold: `word`, `text` or `json`, and
    /// with `?` behind it when it may be missing. Nothing is answered before the others are there.
    pub wants: BTreeMap<String, String>,
    /// A key that holds a JSON list of requests, each an object; without it, a relation is one request.
    pub each: Option<String>,
    /// The field of such a request that tells it from others: a `word`.
    pub id: String,
    /// The fields of such a request that are `{request.FIELD}`, as in `wants`.
    pub fields: BTreeMap<String, String>,
    /// A template: two requests with the same text cannot both be met.
    pub unique: Option<String>,
    /// Names of random texts for each request: `{granted.NAME}`. They are kept.
    pub grant: Vec<String>,
    /// Done once for each request, before it is answered.
    pub ask: Vec<Step>,
    /// `ask` is done again after each start: the server forgets.
    pub forgets: bool,
    /// Done when a request is gone, or before it is met in another form.
    pub leave: Vec<Step>,
    /// Templates: secrets for each request, by group: `{secrets.GROUP}` is the URI.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
    /// Templates: our application's bag. What is no text becomes JSON.
    pub application: BTreeMap<String, Value>,
    /// Templates: our unit's bag.
    pub unit: BTreeMap<String, Value>,
}

/// Reads a description; `find` gives the text of the one that it is `like`, over which it is laid: mappings key by key,
/// and what is null there is gone.
///
/// # Errors
/// One line.
pub(super) fn read(
    text: &str,
    find: fn(&str) -> Option<&'static str>,
) -> Result<Description, String> {
    let mut own = parse(text)?;
    let base = own.as_object_mut().and_then(|own| own.remove("like"));
    if let Some(base) = base.as_ref().and_then(Value::as_str).and_then(find) {
        let mut laid = parse(base)?;
        lay(&mut laid, own);
        own = laid;
    }
    serde_json::from_value(own).map_err(|error| error.to_string())
}

fn parse(text: &str) -> Result<Value, String> {
    crate::yaml::from_str(text).map_err(|error| error.to_string())
}

fn lay(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match value {
                    Value::Null => {
                        base.remove(&key);
                    }
                    value => lay(base.entry(key).or_insert(Value::Null), value),
                }
            }
        }
        (base, over) => *base = over,
    }
}
