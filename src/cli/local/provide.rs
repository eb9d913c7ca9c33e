//! `local provide`.

use std::process::ExitCode;

use super::super::output::Outcome;
use super::place::Place;
use super::values;
use crate::local::protocol::Command;
use crate::streams::outln;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  charmwright local provide smtp --app-data host=mx.example --app-data port=25
  charmwright local provide smtp --app-data password_id=secret://pw --secret pw:password=s3cret

The same command with the same --app replaces the data. A value `secret://LABEL` becomes the URI of the secret of that
label, granted to whom it is related with.")]
pub struct Provide {
    /// The interface
    interface: String,
    /// The application (default: after the interface)
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// Its endpoint (default: after the interface)
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// For the application's databag
    #[arg(long, value_name = "KEY[#file]=VALUE", value_parser = values::pair)]
    app_data: Vec<(String, String)>,
    /// For the unit's databag
    #[arg(long, value_name = "KEY[#file]=VALUE", value_parser = values::pair)]
    unit_data: Vec<(String, String)>,
    /// For the content of a secret (default label: the key)
    #[arg(long = "secret", value_name = "[LABEL:]KEY[#file]=VALUE", value_parser = values::pair)]
    secrets: Vec<(String, String)>,
}

pub(super) fn run(place: &Place, arguments: &Provide) -> Outcome {
    let name = arguments.interface.replace('_', "-");
    let application = arguments.app.clone().unwrap_or_else(|| name.clone());
    let endpoint = arguments.endpoint.clone().unwrap_or(name);
    let told = place.start_and_ask(&Command::Provide {
        application: application.clone(),
        endpoint: endpoint.clone(),
        interface: arguments.interface.clone(),
        app_data: values::contents(&arguments.app_data)?,
        unit_data: values::contents(&arguments.unit_data)?,
        secrets: values::secrets(values::contents(&arguments.secrets)?),
    })?;
    let changed = told.get("changed").and_then(|it| it.as_bool());
    let verb = if changed == Some(true) {
        "Changed the data of"
    } else {
        "Providing"
    };
    outln!(
        "{verb} `{application}:{endpoint}` ({})",
        arguments.interface
    );
    Ok(ExitCode::SUCCESS)
}
