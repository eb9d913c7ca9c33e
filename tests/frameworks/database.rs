//! In what the databases differ that the apps are given.

/// A database, as the journey sees it.
pub struct Database {
    /// The application that has it.
    pub application: &'static str,
    /// The app's endpoint for it.
    pub endpoint: &'static str,
    /// Its interface.
    pub interface: &'static str,
    /// What an app's status says without it.
    pub missing: &'static str,
}

pub const MYSQL: Database = Database {
    application: "mysql-k8s",
    endpoint: "mysql",
    interface: "mysql_client",
    missing: "missing integrations: mysql",
};

/// The one that the apps' charms declare.
pub const POSTGRESQL: Database = Database {
    application: "postgresql-k8s",
    endpoint: "postgresql",
    interface: "postgresql_client",
    missing: "missing integrations: postgresql",
};
