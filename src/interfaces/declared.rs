//! Interfaces that need no code, and what a row adds to those that have some: see [`Row`].

mod check;

use super::table::{Partial, Row};
use super::url::Url;
use super::values::{self, Told, fact};
use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest};
use crate::runtime::template;

pub use check::check;

/// A row, with the code that speaks the interface where there is some.
pub(super) struct Declared {
    row: Row,
    code: Option<Box<dyn Interface>>,
}

/// Why a row gives nothing.
enum Nothing {
    Incomplete,
    Invalid(String),
}

impl From<Nothing> for Outcome {
    fn from(nothing: Nothing) -> Self {
        match nothing {
            Nothing::Incomplete => Self::Incomplete,
            Nothing::Invalid(reason) => Self::Invalid(reason),
        }
    }
}

impl Declared {
    pub(super) fn of(row: &Row, code: Option<Box<dyn Interface>>) -> Self {
        Self {
            row: row.clone(),
            code,
        }
    }

    /// Whether the row says anything by itself.
    pub(super) fn has_part_in(row: &Row) -> bool {
        let request = &row.request;
        !(request.app.is_empty()
            && request.unit.is_empty()
            && request.secrets.is_empty()
            && row.variables.is_empty()
            && row.files.is_empty()
            && row.identity.is_none()
            && row.url.is_none())
    }

    fn templates_have(&self, fact: &str) -> bool {
        let mut all = check::templates(&self.row);
        all.any(|(_, template)| template::names(template).any(|name| name == fact))
    }

    /// What the provider tells, as far as the row can judge it.
    fn told(&self, relation: &Relation) -> Result<Bag, Nothing> {
        let row = &self.row;
        let told = Told::by(row, relation);
        let mut values = told.values;
        let mut keys = row.keys.iter();
        if !row.keys.is_empty() && !keys.any(|(name, _)| values.contains_key(name)) {
            return Err(Nothing::Incomplete);
        }
        let keys = || {
            let keys = row.keys.iter();
            keys.filter_map(|(name, key)| Some((name, key.as_ref()?)))
        };
        let lacks = |reason: String| match row.partial {
            Partial::Incomplete => Nothing::Incomplete,
            Partial::Invalid => Nothing::Invalid(reason),
        };
        if let Some(key) = told.unread.first() {
            return Err(lacks(format!("the secret of its `{key}` cannot be read")));
        }
        if let Some((name, _)) =
            keys().find(|(name, key)| key.needed && !values.contains_key(*name))
        {
            return Err(lacks(format!("it has no `{name}`")));
        }
        for (name, key) in keys() {
            if let Some(value) = values.get(name) {
                let checked = key.check(value);
                let value = checked
                    .map_err(|kind| Nothing::Invalid(format!("its `{name}` must be {kind}")))?;
                values.insert(name.clone(), value);
            } else if let Some(default) = &key.default {
                values.insert(name.clone(), default.clone());
            }
        }
        Ok(values)
    }

    /// What an interface without code gives.
    fn provided(&self, context: &Context<'_>, relation: &Relation) -> Result<Provided, Nothing> {
        let values = self.told(relation)?;
        let mut provided = Provided::default();
        if let Some(url) = &self.row.url {
            let value = |name: &str| value(context, relation, &values, name);
            let text = template::fill(url, value).ok_or(Nothing::Incomplete)?;
            let url = Url::parse(&text)
                .ok_or_else(|| Nothing::Invalid(format!("{} make no URL", check::names_in(url))))?;
            let prefix = self.row.prefix.as_deref().unwrap_or_default();
            provided.variables = url.database_variables(prefix);
        }
        provided.facts = values;
        Ok(provided)
    }

    /// What the row adds to that.
    fn extend(&self, context: &Context<'_>, relation: &Relation, provided: &mut Provided) {
        let row = &self.row;
        let (mut variables, mut files) = (Bag::new(), Bag::new());
        let fill = |text: &str| {
            let given = |name: &str| provided.variables.get(name).cloned();
            template::fill(text, |name| {
                value(context, relation, &provided.facts, name).or_else(|| given(name))
            })
        };
        for (name, text) in &row.variables {
            if let Some(value) = fill(text) {
                variables.insert(row.variable(name), value);
            }
        }
        for (path, text) in &row.files {
            if let Some(content) = fill(text) {
                files.insert(path.clone(), content);
            }
        }
        if let Some(identity) = row.identity.as_deref().and_then(fill) {
            provided.identity = Some(format!("{} {identity}", row.interface));
        }
        provided.variables.extend(variables);
        provided.files.extend(files);
    }
}

fn value(context: &Context<'_>, relation: &Relation, values: &Bag, name: &str) -> Option<String> {
    fact(context, relation, name).or_else(|| values.get(name).cloned())
}

impl Interface for Declared {
    fn reads(&self) -> Reads {
        let mut reads = self
            .code
            .as_ref()
            .map(|code| code.reads())
            .unwrap_or_default();
        let request = &self.row.request;
        let secrets = !request.secrets.is_empty();
        reads.remote_app = true;
        reads.remote_units |= values::has_unit_keys(&self.row);
        reads.local_app |= secrets || !request.app.is_empty();
        reads.local_unit |= secrets || !request.unit.is_empty();
        reads.address |= self.templates_have("our.address");
        reads
    }

    fn reads_units(&self, remote_app: &Bag) -> bool {
        let code = self.code.as_ref();
        code.is_some_and(|code| code.reads_units(remote_app))
    }

    fn files(&self) -> Vec<String> {
        let mut files = self
            .code
            .as_ref()
            .map(|code| code.files())
            .unwrap_or_default();
        files.extend(self.row.files.keys().cloned());
        files
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let mut secrets = self
            .code
            .as_ref()
            .map(|code| code.secrets(relation))
            .unwrap_or_default();
        for more in values::secret_requests(&self.row, relation) {
            if !secrets.iter().any(|secret| secret.uri == more.uri) {
                secrets.push(more);
            }
        }
        secrets
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let mut request = self
            .code
            .as_ref()
            .map(|code| code.request(context, relation))
            .unwrap_or_default();
        let row = &self.row.request;
        for (bag, templates) in [(&mut request.app, &row.app), (&mut request.unit, &row.unit)] {
            for (key, template) in templates {
                let value = template
                    .of(context.generation)
                    .and_then(|text| template::fill(text, |name| fact(context, relation, name)));
                if let Some(value) = value {
                    bag.entry(key.clone()).or_insert(value);
                }
            }
        }
        if context.leader && context.juju.has_secrets() && !row.secrets.is_empty() {
            let list: Vec<String> = row.secrets.iter().map(|key| format!("{key:?}")).collect();
            for bag in [&mut request.app, &mut request.unit] {
                let list = format!("[{}]", list.join(", "));
                bag.entry("requested-secrets".into()).or_insert(list);
            }
        }
        let asked = |key: &String| relation.local_app.contains_key(key);
        if row.once && request.app.keys().any(asked) {
            request.app.clear();
            request.unit.remove("requested-secrets");
        }
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let mut provided = match &self.code {
            None => match self.provided(context, relation) {
                Ok(provided) => provided,
                Err(nothing) => return nothing.into(),
            },
            Some(code) => match code.outcome(context, relation) {
                Outcome::Ready(mut provided) => {
                    for (key, value) in Told::by(&self.row, relation).values {
                        provided.facts.entry(key).or_insert(value);
                    }
                    provided
                }
                other => return other,
            },
        };
        self.extend(context, relation, &mut provided);
        Outcome::Ready(provided)
    }
}
