//! The checks of a Java project's build files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Error;
use super::document::Document;

/// One of Maven and Gradle builds the project, and at most one has a wrapper, which can be executed.
pub(super) fn check(document: &Document, extension: &str) -> Result<(), Error> {
    let is_there = |name: &str| document.directory.join(name).exists();
    let gradle_script = document
        .at(&["parts", &format!("{extension}/gradle-init-script")])
        .is_some();
    let problem = match (is_there("pom.xml"), is_there("build.gradle")) {
        (true, true) => Some(
            "both pom.xml and build.gradle files exist\n\
             you cannot have both Maven and Gradle build files in the same project",
        ),
        (false, false) => Some(
            "missing pom.xml and build.gradle file\n\
             you must have either a Maven pom.xml or a Gradle build.gradle file in your project",
        ),
        _ if is_there("mvnw") && is_there("gradlew") => Some(
            "both mvnw and gradlew executable files exist\n\
             you cannot have both Maven and Gradle executables in the same project",
        ),
        _ if ["mvnw", "gradlew"]
            .iter()
            .any(|name| is_there(name) && !is_executable(&document.directory.join(name))) =>
        {
            Some(
                "mvnw or gradlew file is not executable\n\
                 the mvnw or gradlew file must have executable permissions",
            )
        }
        (true, false) if gradle_script => {
            Some("gradle init script part is enabled for non-gradle build")
        }
        _ => None,
    };
    problem.map_or(Ok(()), |text| Err(Error::App(text.to_owned())))
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0)
}
