//! A directory of hook tools that note how they were called.

use std::fs;
use std::future::Future;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use charmwright::juju::Tools;
use nix::sys::signal::kill;
use nix::unistd::Pid;

pub struct Fake {
    directory: tempfile::TempDir,
    pub tools: Tools,
}

pub struct Call {
    pub pid: i32,
    pub argv: Vec<String>,
    pub stdin: String,
    pub files: String,
}

impl Fake {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("calls")).unwrap();
        fs::create_dir(directory.path().join("running")).unwrap();
        // Links, since a file just written may still be "busy" when another thread spawns.
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/juju/hook-tool");
        for tool in charmwright::local::hook_tool::NAMES {
            symlink(&script, directory.path().join(tool)).unwrap();
        }
        let tools = Tools::in_directory(directory.path());
        Self { directory, tools }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn marks(&self, tool: &str, what: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(format!("{tool}.{what}")), content).unwrap();
    }

    pub fn answers(&self, tool: &str, stdout: impl AsRef<[u8]>) {
        self.marks(tool, "stdout", stdout);
    }

    pub fn fails(&self, tool: &str, code: i32, stderr: &str) {
        self.marks(tool, "code", code.to_string());
        self.marks(tool, "stderr", stderr);
    }

    pub fn remove(&self, tool: &str) {
        fs::remove_file(self.path().join(tool)).unwrap();
    }

    fn noted(&self, tool: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join("calls")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.starts_with(&format!("{tool}.")) && name.ends_with(".called")
            })
            .collect()
    }

    pub fn has_called(&self, tool: &str) -> bool {
        !self.noted(tool).is_empty()
    }

    /// The calls of a tool since last asked, in no order.
    pub fn all_calls(&self, tool: &str) -> Vec<Call> {
        let read = |path: PathBuf| {
            let text = |what| {
                let path = path.with_extension(what);
                let text = fs::read_to_string(&path).unwrap_or_default();
                let _ = fs::remove_file(path);
                text
            };
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let call = Call {
                pid: stem.rsplit_once('.').unwrap().1.parse().unwrap(),
                argv: text("argv")
                    .split_terminator('\0')
                    .map(str::to_owned)
                    .collect(),
                stdin: text("stdin"),
                files: text("files"),
            };
            fs::remove_file(&path).unwrap();
            call
        };
        self.noted(tool).into_iter().map(read).collect()
    }

    /// The only call of a tool since last asked.
    pub fn call(&self, tool: &str) -> Call {
        let mut calls = self.all_calls(tool);
        assert_eq!(calls.len(), 1, "calls of {tool}");
        calls.remove(0)
    }

    pub fn argv(&self, tool: &str) -> Vec<String> {
        let call = self.call(tool);
        assert_eq!(call.stdin, "", "{tool} was given input");
        call.argv
    }

    /// The most tools that ran at the same time.
    pub fn at_once(&self) -> usize {
        let counts = fs::read_to_string(self.path().join("at-once")).unwrap();
        counts
            .lines()
            .map(|line| line.trim().parse().unwrap())
            .max()
            .unwrap()
    }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Waits for a condition, a minute at most.
pub async fn until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process exists, as a zombie even.
pub fn exists(pid: i32) -> bool {
    kill(Pid::from_raw(pid), None).is_ok()
}
