//! Making a `.charm`: a zip as Juju needs it (contract: tooling, C), the same bytes for the same input.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::{Expanded, Platform, Project, Report, Switch, base, check, companions, elf, files};
use crate::charm::Code;
use crate::project::{Error, write_whole};
use crate::yaml::{self, Value};

/// How hard to compress: this level is the fastest that makes the executable clearly smaller.
const LEVEL: i64 = 1;

/// What to pack.
#[derive(Clone, Debug)]
pub struct Pack {
    /// The project's directory.
    pub directory: PathBuf,
    /// Where the file goes.
    pub output: PathBuf,
    /// Only this label of `platforms`; all that the executable is for when not given.
    pub platform: Option<String>,
    /// The executable that becomes `dispatch`; this one when not given.
    pub runtime: Option<PathBuf>,
    /// Whether experimental bases are allowed.
    pub switch: Switch,
    /// The code that the executable adds, where it is known.
    pub code: Option<Code>,
}

/// A charm that was made.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The file.
    pub path: PathBuf,
    /// What it is for.
    pub platform: Platform,
    /// Its size in bytes.
    pub size: u64,
}

/// Makes the charms of a project. Whatever was there under their names is replaced, or, when anything fails, untouched.
///
/// # Errors
/// The project is refused, no platform fits the executable, the executable is not static, or the disk is full.
pub fn pack(request: &Pack) -> Result<(Vec<Packed>, Report), Error> {
    let mut report = check(&request.directory, request.switch)?;
    if let Some(code) = &request.code {
        report.add_code(code);
    }
    let Some(expanded) = report
        .expanded
        .clone()
        .filter(|_| report.problems.is_empty())
    else {
        return Err(Error::Problems {
            problems: report.problems,
        });
    };
    let project = Project::read(&request.directory)?;
    let executable = request
        .runtime
        .clone()
        .unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
    let dispatch = std::fs::read(&executable).map_err(Error::read(&executable))?;
    let shown = if request.runtime.is_some() {
        executable
    } else {
        std::env::current_exe().unwrap_or(executable)
    };
    let architecture = elf::architecture(&shown, &dispatch)?;
    let platforms = chosen(
        &project,
        request.platform.as_deref(),
        architecture,
        &mut report,
    )?;
    std::fs::create_dir_all(&request.output).map_err(Error::write(&request.output))?;
    let mut packed = Vec::new();
    for platform in platforms {
        let content = archive(&request.directory, &expanded, &platform, &dispatch)?;
        let path = request.output.join(base::file_name(
            companions::text(&expanded.project, "name"),
            &platform,
        ));
        write_whole(&path, &content)?;
        packed.push(Packed {
            path,
            platform,
            size: content.len() as u64,
        });
    }
    Ok((packed, report))
}

/// The platforms to pack with an executable for `architecture`.
fn chosen(
    project: &Project,
    label: Option<&str>,
    architecture: &str,
    report: &mut Report,
) -> Result<Vec<Platform>, Error> {
    let all = base::platforms(project)?;
    let labels = all
        .iter()
        .map(|platform| platform.label.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let wanted: Vec<Platform> = match label {
        None => all,
        Some(label) => match all.into_iter().find(|platform| platform.label == label) {
            Some(platform) => vec![platform],
            None => {
                let message = format!("there is no platform `{label}`; the platforms are {labels}");
                return Err(project.problem(&["platforms"], message).into());
            }
        },
    };
    let (fitting, others): (Vec<Platform>, Vec<Platform>) = wanted
        .into_iter()
        .partition(|platform| platform.architecture == architecture);
    for Platform {
        label,
        architecture: other,
    } in others
    {
        let message = format!(
            "the executable is for {architecture}, and the platform `{label}` is for {other}"
        );
        let hint = format!("give the executable for {other} with `--runtime FILE`");
        let problem = project.problem(&["platforms", &label], message);
        if fitting.is_empty() {
            return Err(problem
                .hint(format!("{hint}, or add the platform `{architecture}:`"))
                .into());
        }
        report.warnings.push(problem.hint(hint));
    }
    Ok(fitting)
}

/// The zip: made by Unix, no directory entries, sorted, one time for all.
fn archive(
    directory: &Path,
    expanded: &Expanded,
    platform: &Platform,
    dispatch: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut entries: Vec<(String, u32, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, value: Option<Value>| -> Result<(), Error> {
        if let Some(value) = value {
            let text = yaml::to_string(&value).map_err(|error| {
                Error::Usage(format!("{name} cannot be written as YAML: {error}"))
            })?;
            entries.push((name.to_owned(), 0o644, text.into_bytes()));
        }
        Ok(())
    };
    add("actions.yaml", files::actions(expanded))?;
    add("config.yaml", files::config(expanded))?;
    add("manifest.yaml", Some(files::manifest(expanded, platform)))?;
    add("metadata.yaml", Some(files::metadata(expanded)))?;
    for name in companions::packed_as_they_are(directory) {
        collect(&directory.join(name), name, &mut entries)?;
    }
    if let Some(own) = expanded.framework.own() {
        // The hook finds it here wherever the project has it.
        let name = format!("metadata/frameworks/{}", expanded.framework.name);
        collect(&own.file, &format!("{name}.yaml"), &mut entries)?;
        if own.folder.is_dir() {
            collect(&own.folder, &name, &mut entries)?;
        }
    }
    entries.push(("dispatch".to_owned(), 0o755, dispatch.to_vec()));
    entries.sort_by(|(a, ..), (b, ..)| a.cmp(b));

    let broken =
        |error: zip::result::ZipError| Error::Usage(format!("cannot make the zip: {error}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(dispatch.len())));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::DEFAULT
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL))
            .last_modified_time(DateTime::DEFAULT)
            .system(System::Unix)
            .unix_permissions(mode);
        zip.start_file(name, options).map_err(broken)?;
        zip.write_all(&content)
            .map_err(|error| broken(error.into()))?;
    }
    Ok(zip.finish().map_err(broken)?.into_inner())
}

/// Adds the file at `path`, or all files below it, under `name`. Links are followed; names must be Unicode.
fn collect(
    path: &Path,
    name: &str,
    entries: &mut Vec<(String, u32, Vec<u8>)>,
) -> Result<(), Error> {
    if !path.is_file() && !path.is_dir() {
        return Err(Error::Usage(format!(
            "`{}` is neither a file nor a directory; remove it",
            path.display()
        )));
    }
    if !path.is_dir() {
        entries.push((
            name.to_owned(),
            0o644,
            std::fs::read(path).map_err(Error::read(path))?,
        ));
        return Ok(());
    }
    if name.matches('/').count() > 32 {
        return Err(Error::Usage(format!(
            "`{}` is nested too deeply; is it a link to a directory above it?",
            path.display()
        )));
    }
    for entry in std::fs::read_dir(path).map_err(Error::read(path))? {
        let entry = entry.map_err(Error::read(path))?;
        let Ok(child) = entry.file_name().into_string() else {
            return Err(Error::Usage(format!(
                "the name of `{}` is not Unicode; rename it",
                entry.path().display()
            )));
        };
        collect(&entry.path(), &format!("{name}/{child}"), entries)?;
    }
    Ok(())
}
