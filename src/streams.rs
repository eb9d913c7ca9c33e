//! Lines on standard output and standard error that must not end the process when nobody reads them any more: the
//! standard library's `println!` and `eprintln!` panic then, and so would a hook in the middle of its work.

/// A line on standard output, if it can be written.
macro_rules! outln {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout().lock(), $($argument)*);
    }};
}

/// A line on standard error, if it can be written.
macro_rules! errln {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($argument)*);
    }};
}

pub(crate) use {errln, outln};
