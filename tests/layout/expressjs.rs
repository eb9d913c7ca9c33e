//! ExpressJS, with packages from npm.

use super::project::Project;
use super::run;

#[test]
fn an_express_app_answers_with_its_packages() {
    run(async {
        let package = r#"{
            "name": "@me/my-app", "version": "1.0.0",
            "scripts": {"start": "node server.js"}, "files": ["server.js", "migrate.sh"],
            "dependencies": {"express": "5.3.0"}, "devDependencies": {"is-odd": "3.0.1"}
        }"#;
        let server = "\
const app = require('express')();
const fs = require('fs');
app.get('/', (request, response) => {
  const packages = fs.readdirSync('node_modules').filter((name) => /^(express|is-odd)$/.test(name));
  response.send(`${fs.readdirSync('/app')} ${packages} ${process.env.NODE_ENV} ${require('os').hostname()}`);
});
app.listen(process.env.PORT || 8080);
";
        let files = [
            ("app/package.json", package),
            ("app/server.js", server),
            ("app/migrate.sh", "#!/bin/bash\n"),
            ("app/.npmrc", "//registry.example/:_authToken=secret\n"),
            ("app/notes.txt", ""),
            (
                "app/node_modules/express/index.js",
                "throw new Error('not ours')",
            ),
        ];
        let mut project = Project::new("expressjs", &files, "");
        let unit = project.start().await;
        let expected = "migrate.sh,node_modules,package-lock.json,package.json,server.js express production web-3";
        assert_eq!(unit.get(8080, "/").await, expected);
        let log = unit.stop().await;
        assert!(!log.to_lowercase().contains("error"), "{log}");
        // With a lock that does not fit.
        project.write(
            "app/package-lock.json",
            "{\"name\": \"@me/my-app\", \"lockfileVersion\": 3, \"packages\": {}}",
        );
        let error = project.prepare().await.unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot build the app, `npm ci` failed: `npm ci` can only install packages when"
            ),
            "{error}"
        );
    });
}
