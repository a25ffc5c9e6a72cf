//! Whether the engine embedded can keep its database where it is told to.

use std::path::Path;

use stampede_infrastructure::embedded::EmbeddedDatabase;

use super::finding::Finding;

/// Looks at the folder, or at the place where it would be made; leaves nothing behind.
pub(super) fn judge(folder: &Path) -> Vec<Finding> {
    let shown = folder.display();
    let existing = folder.ancestors().find(|place| nearest(place).exists());
    let Some(existing) = existing.filter(|place| nearest(place).is_dir()) else {
        let text = format!("data folder: {shown} cannot be made: what is there is no folder");
        return vec![Finding::fail(text)];
    };
    // A file of our own tells more than permissions do: disks can be full or read-only.
    if let Err(error) = tempfile::tempfile_in(nearest(existing)) {
        let text = format!("data folder: {shown} cannot be written: {error} (STAMPEDE_DATA_DIR)");
        return vec![Finding::fail(text)];
    }
    let state = if folder.join(EmbeddedDatabase::FILE).is_file() {
        "holds a database"
    } else {
        "is empty, and filled at the first start"
    };
    vec![Finding::ok(format!("data folder: {shown} {state}"))]
}

/// The empty path is the current folder.
fn nearest(place: &Path) -> &Path {
    if place.as_os_str().is_empty() { Path::new(".") } else { place }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Level, *};

    #[test]
    fn a_folder_that_can_be_made_is_right_and_one_below_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(judge(&folder.path().join("deep/data"))[0].level, Level::Ok);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(judge(&file.join("data"))[0].level, Level::Fail);
    }
}
