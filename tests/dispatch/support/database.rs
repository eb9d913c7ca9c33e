//! The database's provider: what `postgresql-k8s` would publish, said by the test.

use super::{Bag, World, bag};

/// What the provider says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Database {
    /// Nothing yet.
    Silent,
    /// The database's name and a secret that is not granted yet.
    Half,
    /// All, the credentials in a secret.
    Secret(String),
    /// All, in the bag, as old providers do.
    Plain(String),
    /// Several URIs in a secret.
    Several,
    /// What is no URL.
    Malformed,
}

pub const PROVIDER: &str = "pg";
pub const ENDPOINT: &str = "pg-primary.demo.svc.cluster.local:5432";

impl Database {
    /// All of it, in a secret.
    pub fn secret(password: &str) -> Self {
        Self::Secret(password.into())
    }
}

impl World {
    /// Relates the app to the database and answers with the relation's id.
    pub fn relate_database(&self) -> u32 {
        let mut model = self.model.borrow_mut();
        let (id, changes) = model.integrate("web:postgresql", "pg:database").unwrap();
        model.enqueue(changes);
        id
    }

    /// Ends the relation with the database.
    pub fn unrelate_database(&self) {
        let mut model = self.model.borrow_mut();
        let changes = model.remove_relation("web:postgresql", "pg").unwrap();
        model.enqueue(changes);
    }

    /// The relation with the database, if there is one that lives.
    pub fn database_relation(&self) -> Option<u32> {
        let model = self.model.borrow();
        model
            .relations
            .iter()
            .find(|(_, relation)| !relation.dying && relation.side_of(PROVIDER).is_some())
            .map(|(id, _)| *id)
    }

    /// Lets the provider say something.
    pub fn provide(&self, database: &Database) {
        let Some(id) = self.database_relation() else {
            return;
        };
        let label = format!("database.{id}.user.secret");
        let mut model = self.model.borrow_mut();
        let mut changes = Vec::new();
        let user = "anna";
        let mut say = bag(&[("database", "web"), ("endpoints", ENDPOINT)]);
        let uri = |host: &str, password: &str| format!("postgresql://{user}:{password}@{host}/web");
        let mut secret: Option<Bag> = None;
        match database {
            Database::Silent => say.clear(),
            Database::Half => {
                say.remove("endpoints");
            }
            Database::Secret(password) => {
                secret = Some(bag(&[("username", user), ("password", password)]));
            }
            Database::Plain(password) => {
                say.extend(bag(&[("username", user), ("password", password)]));
            }
            Database::Several => {
                let uris = format!("{},{}", uri("a:5432", "pw-one"), uri("b:5432", "pw-one"));
                secret = Some(bag(&[("username", user), ("uris", &uris)]));
            }
            Database::Malformed => {
                secret = Some(bag(&[("uris", "not a URL at all")]));
            }
        }
        if let Some(content) = secret {
            let (secret, made) = model.put_secret(Some(PROVIDER), &label, content).unwrap();
            model.grant_secret(&secret, "web", Some(id)).unwrap();
            changes.extend(made);
            say.insert("secret-user".into(), format!("secret:{secret}"));
        }
        changes.extend(model.set_bag(id, PROVIDER, say));
        model.enqueue(changes);
    }
}
