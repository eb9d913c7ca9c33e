//! Where the machine's MariaDB or MySQL is.

use std::path::{Path, PathBuf};

use crate::local::provider::database::{Installation, output_of, sudo};

/// Where distributions put servers, which are not on everybody's PATH.
const DIRECTORIES: [&str; 5] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/usr/libexec",
];

/// Finds MariaDB, else MySQL; for data that is there, the one that made it.
///
/// # Errors
/// One line with the command that installs what is missing.
pub(super) async fn find(data: &Path) -> Result<Installation, String> {
    let directories = directories();
    // MySQL keeps its dictionary in one file, MariaDB in a directory.
    let (mysql_made_it, made) = (data.join("mysql.ibd").exists(), data.join("mysql").exists());
    if !mysql_made_it && let Some(installation) = mariadb(&directories) {
        return Ok(installation);
    }
    if (mysql_made_it || !made)
        && let Some(installation) = mysql(&directories).await
    {
        return Ok(installation);
    }
    let sudo = sudo();
    Err(match (made, mysql_made_it) {
        (false, _) => format!(
            "neither MariaDB nor MySQL is installed on this machine; run `{sudo}apt-get install --yes mariadb-server`"
        ),
        (true, false) => format!(
            "the database was made by MariaDB, which is not installed; run `{sudo}apt-get install --yes mariadb-server`"
        ),
        (true, true) => format!(
            "the database was made by MySQL, which is not installed; run `{sudo}apt-get install --yes mysql-server`"
        ),
    })
}

fn mariadb(directories: &[PathBuf]) -> Option<Installation> {
    Some(Installation {
        create: program(directories, "mariadb-install-db")?,
        server: program(directories, "mariadbd")?,
        client: program(directories, "mariadb")?,
    })
}

/// MySQL makes data with the server itself.
async fn mysql(directories: &[PathBuf]) -> Option<Installation> {
    let server = program(directories, "mysqld")?;
    // MariaDB has programs of MySQL's names.
    let version = output_of(&server, "--version").await?;
    if version.contains("MariaDB") {
        return None;
    }
    Some(Installation {
        create: server.clone(),
        server,
        client: program(directories, "mysql")?,
    })
}

fn directories() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(DIRECTORIES.iter().map(PathBuf::from))
        .filter(|directory| directory.is_absolute())
        .collect()
}

fn program(directories: &[PathBuf], name: &str) -> Option<PathBuf> {
    directories
        .iter()
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
