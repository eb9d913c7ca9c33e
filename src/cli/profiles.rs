//! Names of profiles: those of the executable are shown, and a project may have others.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::frameworks;

/// Takes any name: only the project knows whether it is one.
#[derive(Clone, Copy, Debug)]
pub struct Profiles;

impl TypedValueParser for Profiles {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(frameworks::extensions().map(PossibleValue::new)))
    }
}
