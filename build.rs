//! How the release executable is linked: without what it never uses, since it goes into every charm.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=release.ld");
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        // A relocation takes a bit instead of 24 bytes.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{directory}/release.ld");
    }
}
