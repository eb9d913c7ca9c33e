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
    find_in(&directories(), data).await
}

async fn find_in(directories: &[PathBuf], data: &Path) -> Result<Installation, String> {
    // MySQL keeps its dictionary in one file, MariaDB in a directory.
    let (mysql_made_it, made) = (data.join("mysql.ibd").exists(), data.join("mysql").exists());
    if !mysql_made_it && let Some(installation) = mariadb(directories) {
        return Ok(installation);
    }
    if (mysql_made_it || !made)
        && let Some(installation) = mysql(directories).await
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

#[cfg(test)]
mod tests {
    use super::*;

    const MARIADB: [&str; 5] = [
        "mariadb",
        "mariadb-install-db",
        "mariadbd",
        "mysql",
        "mysqld",
    ];

    /// A machine with these programs, all of which say that they are of that version. A shell writes them: a file that
    /// this process has open, or a child of another test's, cannot be run.
    fn machine(programs: &[&str], version: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let write =
            r#"for it; do printf '#!/bin/sh\necho "%s"\n' "$0" >"$it"; chmod +x "$it"; done"#;
        let status = std::process::Command::new("sh")
            .args(["-euc", write, version])
            .args(programs)
            .current_dir(&directory)
            .status();
        assert!(status.unwrap().success());
        directory
    }

    async fn server(machines: &[&tempfile::TempDir], data: &Path) -> Result<String, String> {
        let directories: Vec<PathBuf> = machines.iter().map(|each| each.path().into()).collect();
        let found = find_in(&directories, data).await?;
        let name = found.server.file_name().unwrap().to_str().unwrap();
        assert_eq!(found.create == found.server, name == "mysqld");
        Ok(name.to_owned())
    }

    #[tokio::test]
    async fn mariadb_goes_first_unless_mysql_made_the_data() {
        let mariadb = machine(&MARIADB, "mysqld  Ver 10.11.19-MariaDB");
        let mysql = machine(&["mysql", "mysqld"], "/usr/sbin/mysqld  Ver 8.0.41");
        let data = tempfile::tempdir().unwrap();
        let data = data.path();
        let both = [&mysql, &mariadb];
        assert_eq!(server(&both, data).await.unwrap(), "mariadbd");
        assert_eq!(server(&[&mysql], data).await.unwrap(), "mysqld");
        std::fs::create_dir(data.join("mysql")).unwrap();
        assert_eq!(server(&both, data).await.unwrap(), "mariadbd");
        let error = server(&[&mysql], data).await.unwrap_err();
        assert!(error.contains("was made by MariaDB"), "{error}");
        std::fs::write(data.join("mysql.ibd"), "").unwrap();
        assert_eq!(server(&both, data).await.unwrap(), "mysqld");
        let error = server(&[&mariadb], data).await.unwrap_err();
        assert!(error.contains("was made by MySQL"), "{error}");
    }

    #[tokio::test]
    async fn a_machine_without_a_server_or_a_client_gets_the_command() {
        let half = machine(&["mariadbd", "mysqld"], "mysqld  Ver 10.11.19-MariaDB");
        let error = server(&[&half], Path::new("/nonexistent"))
            .await
            .unwrap_err();
        assert!(
            error.contains("apt-get install --yes mariadb-server`"),
            "{error}"
        );
    }
}
