use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use super::local::values;
use super::output::{Failure, Outcome, print};
use super::table::columns_within;
use crate::charm::Code;
use crate::juju::Status;
use crate::rehearsal::{Error, Supposed, Told, Variable, rehearse_with};
use crate::streams::errln;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is deployed or run. Secrets are masked unless --show-secrets is given.

A relation's FILE, in YAML or JSON:
  endpoint: postgresql            # or `interface: postgresql_client`
  app-data:                       # what the provider's application writes
    database: web
    endpoints: pg:5432
    secret-user: secret://user
  unit-data: {}                   # what its unit writes, or a list with one mapping for each unit
  secrets:
    user: {username: web, password: s3cret}

To run the app by hand:
  charmwright env . --relation pg.yaml --format dotenv --show-secrets > .env
  set -a; . ./.env; set +a

Exit codes: 0 the app would run; 1 it would not, for the reason on standard error, or nothing can be told; 2 wrong usage."
)]
pub struct Arguments {
    /// The charm's project, the app's directory with it in `charm/`, or a packed charm
    #[arg(default_value = ".", value_name = "PROJECT", hide_default_value = true)]
    project: PathBuf,
    /// An option
    #[arg(long, value_name = "KEY[#file]=VALUE", value_parser = values::pair)]
    config: Vec<(String, String)>,
    /// For the content of a secret that an option names as `secret://LABEL` (default label: the key)
    #[arg(long = "secret", value_name = "[LABEL:]KEY[#file]=VALUE", value_parser = values::pair)]
    secrets: Vec<(String, String)>,
    /// A file that tells of a relation
    #[arg(long, value_name = "FILE")]
    relation: Vec<PathBuf>,
    /// How to print the variables
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print secrets as they are
    #[arg(long)]
    show_secrets: bool,
    /// The directory of rockcraft.yaml (default: the project's, or the one above it)
    #[arg(long, value_name = "DIR")]
    rock: Option<PathBuf>,
    /// The application's name (default: the charm's)
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The model's name
    #[arg(long, value_name = "NAME", default_value = "demo")]
    model: String,
    /// The model's `juju-http-proxy`, `juju-https-proxy` or `juju-no-proxy`
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::pair)]
    model_config: Vec<(String, String)>,
    /// The unit's number
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1000))]
    unit: u64,
    /// How many units there are
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    num_units: u64,
}

/// How variables are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For a shell, and for tools that read `.env`
    Dotenv,
}

pub fn run(arguments: &Arguments, code: &Code) -> Outcome {
    let supposed = Supposed {
        project: arguments.project.clone(),
        rock: arguments.rock.clone(),
        config: values::contents(&arguments.config)?,
        secrets: values::secrets(values::contents(&arguments.secrets)?),
        relations: arguments.relation.clone(),
        application: arguments.app.clone(),
        model: arguments.model.clone(),
        unit: arguments.unit,
        units: arguments.num_units.max(arguments.unit.saturating_add(1)),
        model_config: arguments.model_config.iter().cloned().collect(),
    };
    let told = rehearse_with(&supposed, code.clone()).map_err(|error| match error {
        Error::Project(error) => super::output::project(error),
        other => Failure::from(other),
    })?;
    for remark in &told.remarks {
        errln!("warning: {remark}");
    }
    let shown = Shown {
        told: &told,
        secrets: arguments.show_secrets,
    };
    print(&match arguments.format {
        Format::Text => shown.text(),
        Format::Json => shown.json()?,
        Format::Dotenv => shown.dotenv(),
    })?;
    let verdict = &told.verdict;
    if verdict.status == Status::Active {
        return Ok(ExitCode::SUCCESS);
    }
    errln!("{}: {}", verdict.status, verdict.message);
    Ok(ExitCode::FAILURE)
}

/// No column is wider, but for a cell that is.
const WIDEST: usize = 44;

struct Shown<'a> {
    told: &'a Told,
    secrets: bool,
}

impl Shown<'_> {
    /// The value to print, and whether anything of it is hidden.
    fn value(&self, name: &str, variable: &Variable) -> (String, bool) {
        let hidden = self.told.veil.hide(name, &variable.value);
        let is_secret = hidden != variable.value;
        if self.secrets {
            (variable.value.clone(), is_secret)
        } else {
            (hidden, is_secret)
        }
    }

    fn text(&self) -> String {
        let mut rows = vec![["Variable", "From", "Value"].map(str::to_owned).to_vec()];
        rows.extend(self.told.variables.iter().map(|(name, variable)| {
            let (value, _) = self.value(name, variable);
            vec![name.clone(), from(variable), value.replace('\n', "\\n")]
        }));
        let mut text = columns_within(&rows, WIDEST);
        if !self.told.files.is_empty() {
            let mut rows = vec![["File", "From"].map(str::to_owned).to_vec()];
            let files = self.told.files.iter();
            rows.extend(files.map(|(path, from)| vec![path.clone(), format!("relation {from}")]));
            text.push('\n');
            text.push_str(&columns_within(&rows, WIDEST));
        }
        text
    }

    fn json(&self) -> Result<String, Failure> {
        let mut variables = Vec::new();
        for (name, variable) in &self.told.variables {
            let (value, is_secret) = self.value(name, variable);
            variables.push(serde_json::json!({
                "name": name,
                "value": value,
                "secret": is_secret,
                "from": from(variable),
                "origin": serde_json::to_value(&variable.origin)?,
                "over": serde_json::to_value(&variable.over)?,
            }));
        }
        let files: Vec<_> = self
            .told
            .files
            .iter()
            .map(|(path, endpoint)| serde_json::json!({"path": path, "endpoint": endpoint}))
            .collect();
        let facts = serde_json::json!({
            "status": self.told.verdict.status.to_string(),
            "message": self.told.verdict.message,
            "variables": variables,
            "files": files,
        });
        Ok(format!("{}\n", serde_json::to_string_pretty(&facts)?))
    }

    /// What is hidden is a comment: a wrong secret would be worse than none.
    fn dotenv(&self) -> String {
        let mut lines: BTreeMap<&String, String> = BTreeMap::new();
        let mut count = 0;
        for (name, variable) in &self.told.variables {
            let (value, is_secret) = self.value(name, variable);
            let line = format!("{name}={}\n", quoted(&value));
            let hide = is_secret && !self.secrets;
            count += usize::from(hide);
            lines.insert(name, if hide { format!("# {line}") } else { line });
        }
        if count > 0 {
            errln!("{count} with secrets are comments; `--show-secrets` prints them");
        }
        lines.into_values().collect()
    }
}

/// Where a variable comes from, in a few words.
fn from(variable: &Variable) -> String {
    let mut text = variable.origin.to_string();
    if variable.is_default {
        text.push_str(" (default)");
    }
    if !variable.over.is_empty() {
        let over: Vec<String> = variable.over.iter().map(ToString::to_string).collect();
        text = format!("{text}; over {}", over.join(", "));
    }
    text
}

/// A value as shells and readers of `.env` take it alike: bare where it can be, else in single quotes, or in double ones
/// where it has a single one itself.
fn quoted(value: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,-".contains(c);
    if !value.is_empty() && value.chars().all(bare) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let mut text = String::from("\"");
    for c in value.chars() {
        if "\\\"$`".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_only_where_it_must_be() {
        for (value, expected) in [
            ("http://web.demo:8080", "http://web.demo:8080"),
            ("", "''"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("~", "'~'"),
            ("# no comment", "'# no comment'"),
            ("[\"a\"]", "'[\"a\"]'"),
            ("two\nlines", "'two\nlines'"),
            ("it's", "\"it's\""),
            ("it's \"$5\" `x` \\", "\"it's \\\"\\$5\\\" \\`x\\` \\\\\""),
        ] {
            assert_eq!(quoted(value), expected, "{value}");
        }
    }
}
