//! Gunicorn, which serves Flask and Django (contract: runtime, section 8): the text of its config file, and its
//! worker class in a service's command. Pure.

pub mod command;
pub mod config_file;
