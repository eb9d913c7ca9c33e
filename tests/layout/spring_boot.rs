//! Spring Boot, built by Maven, Gradle and their wrappers.

use std::fs;
use std::path::Path;

use super::project::Project;
use super::run;

/// With the parent of `integration/apps/spring-boot`, the plugins of which are there already.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.5.16</version>
    <relativePath/>
  </parent>
  <groupId>com.example</groupId>
  <artifactId>web</artifactId>
  <version>1</version>
  <properties>
    <java.version>17</java.version>
    <start-class>Web</start-class>
  </properties>
</project>
"#;

const JAVA: &str = r#"
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.Arrays;

public class Web {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            String[] files = new File(".").list();
            Arrays.sort(files);
            String text = String.join(" ", files) + " " + System.getProperty("java.io.tmpdir");
            exchange.sendResponseHeaders(200, text.length());
            exchange.getResponseBody().write(text.getBytes());
            exchange.close();
        });
        server.start();
    }
}
"#;

#[test]
fn a_java_app_answers_from_its_jar() {
    run(async {
        let files = [
            ("pom.xml", POM),
            ("src/main/java/Web.java", JAVA),
            ("migrate.sh", "#!/bin/bash\n"),
            ("target/old.jar", ""),
        ];
        let mut project = Project::new("spring-boot", &files, "");
        let unit = project.start().await;
        assert_eq!(unit.get(8080, "/").await, "migrate.sh web-1.jar /tmp");
        unit.stop().await;
        project.write("src/main/java/Web.java", "public class Web { nothing }");
        let error = project.prepare().await.unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot build the app, `mvn package` failed: src/main/java/Web.java:[1,27] <identifier> expected; all \
                 it said is in `"
            ),
            "{error}"
        );
    });
}

#[test]
fn wrappers_build_where_the_project_has_them() {
    run(async {
        let gradlew = "#!/bin/sh\nset -e\ntest ! -e build/old\nmkdir -p build/libs\n\
                       echo \"$*\" > build/libs/web.jar\ntouch build/libs/web-plain.jar\n";
        let files = [
            ("build.gradle", ""),
            ("gradlew", gradlew),
            ("build/old", ""),
            ("migrate.sh", "#!/bin/bash\n"),
        ];
        let mut project = Project::new("spring-boot", &files, "");
        let app = project.prepare().await.unwrap().join("root/app");
        assert_eq!(names(&app), ["migrate.sh", "web.jar"]);
        assert_eq!(
            fs::read_to_string(app.join("web.jar")).unwrap(),
            "--no-daemon --quiet --console=plain build --exclude-task test\n"
        );

        let mvnw = "#!/bin/sh\nset -e\nmkdir target module/target\n\
                    echo \"$JAVA_HOME $COLOUR\" > target/web.jar\ntouch target/web.jar.original\n";
        let files = [("pom.xml", ""), ("mvnw", mvnw), ("module/x", "")];
        let more = "parts:\n  spring-boot-framework/install-app:\n    maven-use-mvnw: true\n    build-environment:\n    \
                    - COLOUR: green\n    organize:\n      jar/web.jar: app/server.jar\n";
        let mut project = Project::new("spring-boot", &files, more);
        let app = project.prepare().await.unwrap().join("root/app");
        assert_eq!(names(&app), ["server.jar"]);
        let text = fs::read_to_string(app.join("server.jar")).unwrap();
        let home = text.strip_suffix(" green\n").unwrap();
        assert!(Path::new(home).join("bin/javac").exists(), "{text}");

        project.write("mvnw", "#!/bin/sh\nexit 0\n");
        let error = project.prepare().await.unwrap_err().to_string();
        assert_eq!(
            error,
            "part `spring-boot-framework/install-app` of `rockcraft.yaml` has no `jar/web.jar` to put into the image, \
             only nothing at all; correct its `organize`"
        );
    });
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
