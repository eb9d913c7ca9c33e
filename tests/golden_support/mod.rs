//! Turns a recorded case into an observation, carries the decision out on paper, and compares.

pub mod better;
mod case;
pub mod exceptions;
mod observation;
mod outcome;
pub mod paper;
pub mod peer;
mod supposed;

pub use case::{Case, cases};
pub use outcome::Outcome;
