//! Packages for the machine's own Python, which is what a service's `/bin/python3` is in a container.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use sha2::{Digest as _, Sha256};

use super::error::{Error, Trying};
use super::image::{Progress, publish, say};
use super::root_file_system::Site;
use super::tree::{self, Kind, short};
use crate::project::rock::{Python, RockFile};

const INTERPRETER: &str = "/bin/python3";
const INSTALL: &str = "run `sudo apt install python3 python3-pip`, or install `uv`";

/// Prints the version, then one line for each directory of packages.
const ASK: &str = "import site, sys; print(sys.version.replace('\\n', ' ')); print(*site.getsitepackages(), sep='\\n')";

/// Installs what is wanted below `images`, unless that was done before for this interpreter. Under the images' lock.
pub(super) fn prepare(
    wanted: &Python,
    rock: &str,
    images: &Path,
    progress: &Progress,
) -> Result<Site, Error> {
    let (version, directories) = interpreter()?;
    let mut directories = directories.into_iter();
    let directory = directories.next().ok_or_else(|| {
        Error::Image(format!(
            "`{INTERPRETER}` has no directory for packages: {INSTALL}"
        ))
    })?;
    let mut hash = Sha256::new();
    for text in [&version, &directory.display().to_string()] {
        hash.update(text);
        hash.update("\n");
    }
    for package in &wanted.packages {
        hash.update(package);
        hash.update("\n");
    }
    for path in wanted.requirements.iter().chain(&wanted.constraints) {
        hash_requirements(path, &mut hash, 0)?;
    }
    let mut sources = Vec::new();
    if let Some(project) = &wanted.project {
        sources.push(RockFile {
            source: project.clone(),
            target: PathBuf::new(),
        });
        sources = tree::list(&sources, Kind::Sources)?;
        tree::hash(&sources, &mut hash)?;
    }
    let log = images.join(format!("{rock}-pip.log"));
    let tree = publish(images, &format!("python-{}", short(hash)), |target| {
        install(wanted, &sources, target, &log, progress)
    })?;
    Ok(Site {
        tree,
        directory,
        others: directories.collect(),
    })
}

fn interpreter() -> Result<(String, Vec<PathBuf>), Error> {
    let output = Command::new(INTERPRETER)
        .args(["-I", "-c", ASK])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Error::Image(format!(
                "the app needs `{INTERPRETER}` ({error}): {INSTALL}"
            ))
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    match (output.status.success(), lines.next()) {
        (true, Some(version)) => Ok((version.to_owned(), lines.map(PathBuf::from).collect())),
        _ => Err(Error::Image(format!(
            "`{INTERPRETER}` does not work: {}",
            last_line(&output.stderr)
        ))),
    }
}

/// Adds the requirements file and those that it names. Where it names a directory, nothing is ever the same.
fn hash_requirements(path: &Path, hash: &mut Sha256, depth: u8) -> Result<(), Error> {
    let text = fs::read_to_string(path)
        .map_err(|error| Error::Image(format!("cannot read `{}`: {error}", path.display())))?;
    hash.update(&text);
    for line in text.lines().map(str::trim) {
        let include = ["--requirement", "--constraint", "-r", "-c"]
            .iter()
            .find_map(|option| line.strip_prefix(option))
            .map(|rest| rest.trim_start_matches(['=', ' ']));
        match include {
            Some(name) if depth < 8 => {
                let path = path.parent().unwrap_or(Path::new("/")).join(name);
                // pip says it better when the file is not there.
                if path.is_file() {
                    hash_requirements(&path, hash, depth + 1)?;
                }
            }
            _ if line.starts_with(['.', '/'])
                || line.starts_with("-e")
                || line.contains("file:") =>
            {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                hash.update(now.unwrap_or_default().as_nanos().to_le_bytes());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first of pip's forms that works on this machine.
fn installer() -> Result<Command, Error> {
    let forms: [&[&str]; 3] = [
        &[INTERPRETER, "-m", "pip"],
        &["pip", "--python", INTERPRETER],
        &["uv", "pip"],
    ];
    for form in forms {
        let mut words = form.iter();
        let works = Command::new(words.next().copied().unwrap_or_default())
            .args(words)
            .arg(if form.first() == Some(&"uv") {
                "--help"
            } else {
                "--version"
            })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if works.is_ok_and(|status| status.success()) {
            // The app runs as another user, who must be able to read what pip writes.
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "umask 022 && exec \"$@\"", "sh"]);
            command.args(form).arg("install");
            if form.first() == Some(&"uv") {
                command.args(["--python", INTERPRETER]);
            } else {
                command.args([
                    "--disable-pip-version-check",
                    "--no-input",
                    "--root-user-action=ignore",
                ]);
            }
            return Ok(command);
        }
    }
    Err(Error::Image(format!(
        "the app's Python packages cannot be installed, `{INTERPRETER}` has no pip: {INSTALL}"
    )))
}

fn install(
    wanted: &Python,
    sources: &[RockFile],
    target: &Path,
    log: &Path,
    progress: &Progress,
) -> Result<(), Error> {
    if wanted.packages.is_empty() && wanted.requirements.is_empty() && sources.is_empty() {
        return Ok(());
    }
    let started = Instant::now();
    say(progress, || "installing the app's Python packages".into());
    let mut command = installer()?;
    command.arg("--target").arg(target).args(&wanted.packages);
    for path in &wanted.requirements {
        command.arg("--requirement").arg(path);
        // Relative paths in it count from its project.
        command.current_dir(path.parent().unwrap_or(Path::new("/")));
    }
    for path in &wanted.constraints {
        command.arg("--constraint").arg(path);
    }
    // pip builds the project where it is.
    let copied = target.join(".source");
    for entry in sources {
        tree::copy(&entry.source, &copied.join(&entry.target), 0, Kind::Sources)?;
    }
    if !sources.is_empty() {
        command.arg(&copied);
    }
    for name in [
        "PIP_TARGET",
        "PIP_USER",
        "PIP_PREFIX",
        "PYTHONHOME",
        "PYTHONPATH",
        "VIRTUAL_ENV",
    ] {
        command.env_remove(name);
    }
    let errors = fs::File::create(log).trying(|| format!("write `{}`", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .trying(|| "run pip".into())?;
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
    {
        let line = line.unwrap_or_default();
        if line.starts_with("Collecting ") {
            say(progress, || line);
        }
    }
    let status = child.wait().trying(|| "wait for pip".into())?;
    if !status.success() {
        let what = wanted.requirements.first().map_or_else(
            || wanted.packages.join(", "),
            |path| path.display().to_string(),
        );
        return Err(Error::Image(format!(
            "cannot install the Python packages of `{what}`: {}; all that pip said is in `{}`",
            last_line(&fs::read(log).unwrap_or_default()),
            log.display()
        )));
    }
    for removed in [fs::remove_file(log), fs::remove_dir_all(&copied)] {
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).trying(|| format!("remove `{}`", log.display()));
            }
            _ => {}
        }
    }
    say(progress, || {
        format!(
            "installed the app's Python packages in {:.1} s",
            started.elapsed().as_secs_f32()
        )
    });
    Ok(())
}

/// What a program said last that matters: pip ends with notices, and begins what went wrong with `ERROR:`.
fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines = || {
        text.lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    lines()
        .find_map(|line| line.strip_prefix("ERROR: "))
        .or_else(|| lines().find(|line| !line.starts_with("[notice]")))
        .unwrap_or("it says nothing")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_of_pip_is_the_reason() {
        for (text, reason) in [
            (
                "ERROR: first\nERROR: No matching distribution found for nope\n\n[notice] new pip\n",
                "No matching distribution found for nope",
            ),
            (
                "Traceback\nModuleNotFoundError: x\n",
                "ModuleNotFoundError: x",
            ),
            ("", "it says nothing"),
        ] {
            assert_eq!(last_line(text.as_bytes()), reason);
        }
    }

    #[test]
    fn requirements_that_are_named_count_too() {
        let directory = tempfile::tempdir().unwrap();
        let main = directory.path().join("requirements.txt");
        fs::write(&main, "fastapi\n-r more.txt\n").unwrap();
        let hash = || {
            let mut hash = Sha256::new();
            hash_requirements(&main, &mut hash, 0).unwrap();
            short(hash)
        };
        let without = hash();
        fs::write(directory.path().join("more.txt"), "psycopg\n").unwrap();
        let with = hash();
        assert_ne!(without, with);
        assert_eq!(with, hash());
        fs::write(directory.path().join("more.txt"), "./local\n").unwrap();
        assert_ne!(hash(), hash());
    }
}
