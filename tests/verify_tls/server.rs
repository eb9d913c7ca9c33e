//! Servers that refuse to run as root.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::certificates::Certificate;

const NOBODY: u32 = 65534;

/// A directory of a server's own, and perhaps the server, which ends with it.
pub struct Server {
    directory: tempfile::TempDir,
    pub port: u16,
    process: Option<Child>,
}

impl Server {
    pub fn new(certificate: &Certificate) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let new = Self {
            port: free.local_addr().unwrap().port(),
            directory,
            process: None,
        };
        std::fs::copy(&certificate.certificate, new.path("server.crt")).unwrap();
        std::fs::copy(&certificate.key, new.path("server.key")).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(new.path("server.key"), private).unwrap();
        if nix::unistd::geteuid().is_root() {
            for path in ["", "server.crt", "server.key"] {
                chown(new.path(path), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        new
    }

    /// A path in its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            let id = NOBODY.to_string();
            command
                .args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir(self.directory.path())
            .env("HOME", self.directory.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Runs a program of the server to its end.
    pub fn run(&self, program: &Path, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    }

    /// Starts the server and waits until it takes connections.
    pub fn start(&mut self, program: &Path, arguments: &[&str]) {
        let log = std::fs::File::create(self.path("server.log")).unwrap();
        let mut command = self.command(program);
        let command = command.args(arguments).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = std::fs::read_to_string(self.path("server.log")).unwrap();
            let process = self.process.as_mut().unwrap();
            assert_eq!(process.try_wait().unwrap(), None, "{log}");
            assert!(Instant::now() < deadline, "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let pid = nix::unistd::Pid::from_raw(process.id().try_into().unwrap());
            // Of both databases a shutdown that ends connections.
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
            let _ = process.wait();
        }
    }
}
