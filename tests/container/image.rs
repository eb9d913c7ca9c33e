//! Images: a root file system, a project that becomes one, and what is none.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use charmwright::local::container::{Container, Error, prepare_image};

use super::requests::{ask_pebble, get, start_app};
use super::run;
use super::world::{LAYER, World, processes};

#[test]
fn a_root_file_system_is_used_as_it_is() {
    run(async {
        let world = World::new();
        let image = world.path().join("rootfs");
        let layers = image.join("var/lib/pebble/default/layers");
        fs::create_dir_all(&layers).unwrap();
        fs::write(layers.join("001-rockcraft-web.yaml"), LAYER).unwrap();
        for name in ["usr/bin/only-this", "etc/passwd", "srv/data"] {
            let path = image.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", image.join("bin")).unwrap();
        let mut specification = world.specification("web/0");
        specification.image = prepare_image(&image, &world.path().join("images"), None)
            .await
            .unwrap();
        assert_eq!(specification.image, image.canonicalize().unwrap());
        let unit = Container::start(specification, world.dial()).await.unwrap();
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 app.py"), "{plan}");
        let pebble =
            fs::read_to_string(unit.specification().directory.join("process.json")).unwrap();
        let pebble: serde_json::Value = serde_json::from_str(&pebble).unwrap();
        let inside = PathBuf::from(format!("/proc/{}/root", pebble["pebble"]["pid"]));
        let names = |path: &str| {
            let mut names: Vec<String> = fs::read_dir(inside.join(path))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("bin"), ["only-this"]);
        assert_eq!(
            names(""),
            [
                "bin", "charm", "dev", "etc", "home", "proc", "root", "run", "srv", "sys", "tmp",
                "usr", "var"
            ]
        );
        let passwd = fs::read_to_string(inside.join("etc/passwd")).unwrap();
        assert!(
            passwd.starts_with("root:x:0:0:") && passwd.contains("_daemon_"),
            "{passwd}"
        );
        assert_eq!(fs::read_to_string(image.join("etc/passwd")).unwrap(), "");
        unit.stop().await.unwrap();
    });
}

/// A project whose packages come from a directory beside it, so that the test needs no package index.
fn project(world: &World) -> PathBuf {
    let project = world.path().join("my,project:1");
    let wheels = project.join("wheels");
    fs::create_dir_all(&wheels).unwrap();
    for (name, code) in [
        ("fastapi", "GREETING = 'fastapi is here'\n"),
        (
            "uvicorn",
            "import importlib, http.server, sys, os\n\
             app = importlib.import_module(sys.argv[1].split(':')[0])\n\
             class Handler(http.server.BaseHTTPRequestHandler):\n\
             \x20   def do_GET(self):\n\
             \x20       self.send_response(200); self.end_headers()\n\
             \x20       self.wfile.write(f'{app.app} {os.getcwd()} {sorted(os.listdir())}'.encode())\n\
             http.server.ThreadingHTTPServer((os.environ['UVICORN_HOST'], 8080), Handler).serve_forever()\n",
        ),
    ] {
        let file = fs::File::create(wheels.join(format!("{name}-1.0-py3-none-any.whl"))).unwrap();
        let mut wheel = zip::ZipWriter::new(file);
        let information = format!("{name}-1.0.dist-info");
        let module = if name == "uvicorn" {
            "uvicorn/__main__.py"
        } else {
            "fastapi/__init__.py"
        };
        for (path, text) in [
            (module.to_owned(), code.to_owned()),
            (
                format!("{information}/METADATA"),
                format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
            ),
            (
                format!("{information}/WHEEL"),
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                    .into(),
            ),
            (format!("{information}/RECORD"), String::new()),
        ] {
            wheel
                .start_file(path, zip::write::SimpleFileOptions::default())
                .unwrap();
            std::io::Write::write_all(&mut wheel, text.as_bytes()).unwrap();
        }
        wheel.finish().unwrap();
    }
    fs::write(
        project.join("requirements.txt"),
        "--no-index\n--find-links wheels\nfastapi\n",
    )
    .unwrap();
    fs::write(
        project.join("app.py"),
        "import fastapi\napp = fastapi.GREETING\n",
    )
    .unwrap();
    fs::create_dir(project.join("static")).unwrap();
    fs::write(project.join("static/style.css"), "").unwrap();
    fs::write(project.join("notes.txt"), "not in the rock").unwrap();
    fs::write(
        project.join("rockcraft.yaml"),
        "name: web\nbase: bare\nbuild-base: ubuntu@24.04\nversion: '0.1'\nsummary: s\ndescription: d\n\
         platforms:\n  amd64:\nextensions:\n- fastapi-framework\n",
    )
    .unwrap();
    project
}

#[test]
fn a_project_becomes_an_image_once_with_its_packages_and_files() {
    run(async {
        let world = World::new();
        let project = project(&world);
        let images = world.path().join("images");
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        // Two at once build one.
        let (first, second) = tokio::join!(
            prepare_image(&project, &images, Some(sender.clone())),
            prepare_image(&project, &images, Some(sender)),
        );
        let image = first.unwrap();
        assert_eq!(second.unwrap(), image);
        let mut said = Vec::new();
        while let Some(line) = lines.recv().await {
            said.push(line);
        }
        let begun = said
            .iter()
            .filter(|line| line.starts_with("installing "))
            .count();
        assert_eq!(begun, 1, "{said:?}");

        let mut specification = world.specification("web/0");
        specification.image = image.clone();
        let unit = Container::start(specification, world.dial()).await.unwrap();
        start_app(&unit).await;
        let expected = "fastapi is here /app ['__pycache__', 'app.py', 'static']";
        assert_eq!(get(&unit, "/").await, expected);
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 -m uvicorn app:app"), "{plan}");

        // The image is of the time when it was made; what changed makes another one.
        fs::write(project.join("app.py"), "app = 'changed'\n").unwrap();
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_eq!(get(&unit, "/").await, expected);
        assert_ne!(prepare_image(&project, &images, None).await.unwrap(), image);
        unit.stop().await.unwrap();

        fs::write(project.join("requirements.txt"), "--no-index\nfastapi\n").unwrap();
        let error = prepare_image(&project, &images, None)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("requirements.txt`: No matching distribution found for "),
            "{error}"
        );
    });
}

#[test]
fn what_is_no_image_and_a_pebble_that_fails_are_told() {
    run(async {
        let world = World::new();
        let empty = world.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let mut specification = world.specification("web/0");
        specification.image = empty.clone();
        let error = Container::start(specification, world.dial())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Image(text) if text.contains("`rockcraft.yaml`")),
            "{error}"
        );
        let error = prepare_image(&empty, &world.path().join("images"), None)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Image(_)), "{error}");

        let fake = world.path().join("pebble");
        fs::write(&fake, "#!/bin/sh\necho out of luck >&2\nexit 3\n").unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let mut specification = world.specification("web/0");
        specification.pebble = fake;
        let error = Container::start(specification, world.dial())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Pebble of container `app` ended at once: out of luck"
        );
        assert_eq!(processes(world.path()), Vec::<String>::new());
    });
}
