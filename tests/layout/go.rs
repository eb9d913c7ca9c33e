//! Go, built on this machine.

use std::fs;

use super::project::Project;
use super::run;

const GO: &str = r#"package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		directory, _ := os.Getwd()
		static, _ := os.ReadFile("static/x")
		migrated, err := exec.Command("/app/migrate").CombinedOutput()
		fmt.Fprint(w, directory, " ", string(static), string(migrated), err)
	})
	http.ListenAndServe(":8080", nil)
}
"#;

#[test]
fn a_go_app_answers_and_its_migrate_program_is_where_the_charm_looks() {
    run(async {
        let files = [
            ("go.mod", "module example.com/my-go\n\ngo 1.22\n"),
            ("main.go", GO),
            (
                "cmd/migrate/main.go",
                "package main\n\nfunc main() { println(\"migrated\") }\n",
            ),
            ("static/x", "static "),
        ];
        let more =
            "parts:\n  go-framework/install-app:\n    organize:\n      bin/migrate: app/migrate\n";
        let mut project = Project::new("go", &files, more);
        let unit = project.start().await;
        assert_eq!(unit.get(8080, "/").await, "/app static migrated\n<nil>");
        unit.stop().await;
        // A change is built, and what does not compile is told in a line.
        project.write(
            "cmd/migrate/main.go",
            "package main\n\nfunc main() { nothing() }\n",
        );
        let error = project.prepare().await.unwrap_err().to_string();
        let log = project.images.canonicalize().unwrap().join("my-go-go.log");
        assert_eq!(
            error,
            format!(
                "cannot build the app, `go install` failed: cmd/migrate/main.go:3:15: undefined: nothing; all it said \
                 is in `{}`",
                log.display()
            )
        );
        assert!(
            fs::read_to_string(log)
                .unwrap()
                .contains("undefined: nothing")
        );
        // A program of another name than the rock's.
        project.write("cmd/migrate/main.go", "package main\n\nfunc main() {}\n");
        project.write("go.mod", "module example.com/other\n\ngo 1.22\n");
        let error = project.prepare().await.unwrap_err().to_string();
        assert_eq!(
            error,
            "part `go-framework/install-app` of `rockcraft.yaml` has no `bin/my-go` to put into the image, only \
             `bin/migrate`, `bin/other`; correct its `organize`"
        );
    });
}
