//! A project of a test's own, and the image and the unit made of it.

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charmwright::local::container::{self, Container, Error, Specification, prepare_image};

use super::pebble;
use super::unit::Unit;

/// A project's directory, and the containers made of it.
pub struct Project {
    directory: tempfile::TempDir,
    pub images: PathBuf,
    pub lines: Vec<String>,
}

impl Project {
    /// The files, and a rockcraft.yaml with what is given beside the framework.
    pub fn new(framework: &str, files: &[(&str, &str)], more: &str) -> Self {
        let executable =
            std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
        container::use_executable(executable);
        let directory = tempfile::tempdir().unwrap();
        let images = std::env::var_os("IMAGES").map_or_else(
            || {
                Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join("layout")
                    .join(framework)
            },
            PathBuf::from,
        );
        let project = Self {
            directory,
            images,
            lines: Vec::new(),
        };
        project.write(
            "rockcraft.yaml",
            &format!(
                "name: my-{framework}\nbase: ubuntu@24.04\nversion: '1'\nsummary: s\ndescription: d\nplatforms:\n  \
                 amd64:\nextensions:\n- {framework}-framework\n{more}"
            ),
        );
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("project")
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Every file of the project with its content.
    fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut todo = vec![self.path()];
        while let Some(path) = todo.pop() {
            if path.is_dir() {
                todo.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    pub async fn prepare(&mut self) -> Result<PathBuf, Error> {
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let before = self.content();
        let image = prepare_image(&self.path(), &self.images, Some(sender)).await;
        assert!(self.content() == before, "the project was written to");
        self.lines.clear();
        while let Some(line) = lines.recv().await {
            self.lines.push(line);
        }
        image
    }

    /// A container with all services started.
    pub async fn start(&mut self) -> Unit {
        let image = self
            .prepare()
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(self.prepare().await.unwrap(), image);
        let built = |line: &&String| line.starts_with("building") || line.starts_with("installing");
        assert_eq!(
            self.lines.iter().find(built),
            None,
            "the second time builds nothing"
        );
        let specification = Specification {
            unit: "web/3".into(),
            container: "app".into(),
            image,
            images: self.images.clone(),
            directory: self.directory.path().join("unit"),
            pebble: pebble(),
            hostname: "web-3".into(),
            fqdn: "web-3.web-endpoints.demo.svc.cluster.local".into(),
        };
        let dial = Arc::new(|_, _| {
            let refused: std::pin::Pin<Box<dyn Future<Output = _>>> =
                Box::pin(async { Err(std::io::ErrorKind::NotFound.into()) });
            refused
        });
        let unit = Unit(Container::start(specification, dial).await.unwrap());
        let answer = unit
            .pebble("POST", "/v1/services", r#"{"action":"autostart"}"#)
            .await;
        assert!(answer.contains(" 202 "), "{answer}");
        unit
    }
}
