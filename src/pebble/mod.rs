//! A client of Pebble, the service manager in every workload container.
//!
//! REST over HTTP/1.1 on a Unix socket. [`Client`] has one method per thing Pebble can do; each file
//! here is one area of its API, with the builders of the requests (pure) beside the types of the
//! answers. Only `transport`, [`exec`] and the streaming halves of [`files`] do I/O.
//!
//! Nothing here knows of charms. Every call is bounded in time (see [`Limits`]), and every failure is an
//! [`Error`] variant to match on.

pub mod changes;
pub mod checks;
mod client;
mod duration;
mod envelope;
pub mod error;
pub mod exec;
pub mod files;
pub mod layers;
pub mod logs;
pub mod notices;
pub mod plan;
mod request;
pub mod services;
pub mod system;
mod transport;

pub use changes::{Change, ChangeId, ChangeSelect, Task};
pub use checks::{CheckInfo, CheckLevel, CheckStatus};
pub use client::{Client, Limits};
pub use error::{
    ApiError, ApiErrorKind, ChangeError, CommandError, Error, FileError, FileErrorKind, Reason,
    Unreachable, UnreachableCause,
};
pub use exec::{Exec, Output, OutputLimit, Process};
pub use files::{FileInfo, FileType, MakeDir, ReadFile, WriteFile};
pub use layers::LogTarget;
pub use logs::{LogEntry, LogStream};
pub use notices::{Notice, NoticeFilter};
pub use plan::Plan;
pub use services::{ServiceInfo, ServiceStatus, Startup};
pub use system::SystemInfo;
