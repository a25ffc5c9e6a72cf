//! Chooses the page that is embedded: the built one if there is one, else the placeholder.

use std::{
    io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let frontend: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "frontend"].iter().collect();
    let (built, placeholder) = (frontend.join("dist"), frontend.join("placeholder"));
    // A path that does not exist would make every build start over; an empty folder (which git
    // ignores) is watched until the page is built into it. Where it cannot be made, the
    // placeholder is all there is.
    if built.is_dir() || std::fs::create_dir(&built).is_ok() {
        watch(&built);
    }
    watch(&placeholder);
    println!("cargo:rerun-if-changed=build.rs");
    let page = if built.join("index.html").is_file() { built } else { placeholder };
    let page = page.canonicalize()?;
    println!("cargo:rustc-env=STAMPEDE_PAGE_DIR={}", page.display());
    Ok(())
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}
