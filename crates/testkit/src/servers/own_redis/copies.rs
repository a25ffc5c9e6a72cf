//! A Redis that is set back.

use std::path::Path;

use tempfile::TempDir;

use super::{
    super::{
        blocking,
        copy::{copy_folder, empty_folder},
    },
    OwnRedis, ask,
};

impl OwnRedis {
    /// Puts its files aside as they are now, for [`OwnRedis::restart_from_copy`].
    pub async fn save_copy(&mut self) {
        let copy = TempDir::with_prefix_in("copy-", self.folder.path()).expect("a folder");
        let (url, data, target) = (self.url(), self.plan.data.clone(), copy.path().join("data"));
        blocking(move || {
            let answer: Option<String> = ask(&url, &redis::cmd("SAVE"));
            assert_eq!(answer.as_deref(), Some("OK"), "SAVE");
            copy_folder(&data, &target).expect("copy the files of Redis");
        })
        .await;
        self.copy = Some(copy);
    }

    /// Starts it again from the files that [`OwnRedis::save_copy`] put aside; what it was told
    /// since is forgotten. May be repeated.
    pub async fn restart_from_copy(&mut self) {
        let copy = self.copy.as_ref().expect("save_copy comes before restart_from_copy");
        let files = copy.path().join("data");
        self.restart_from(&files).await;
    }

    /// Starts it again from the files in `folder`, which somebody copied.
    pub async fn restart_from(&mut self, folder: &Path) {
        self.kill();
        empty_folder(&self.plan.data).expect("empty the folder of Redis");
        copy_folder(folder, &self.plan.data).expect("copy the files back");
        self.settle();
        self.restart().await;
    }
}
