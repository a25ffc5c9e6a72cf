//! What a power loss leaves of a disk: all that no completed sync covers is undone.

use std::{
    cmp::Ordering,
    collections::HashMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt},
    },
    path::{Path, PathBuf},
};

/// What a power loss took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Writes and truncations of files that were undone, one of them in part where an end is
    /// torn.
    pub changes: usize,
    /// Writes that no sync covers and that were kept all the same.
    pub kept: usize,
    /// Creations, renames and removals that were undone.
    pub names: usize,
}

/// A record of `host.c`, of the same fields.
#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    kind: Kind,
    serial: u64,
    file: u64,
    folder: u64,
    offset: u64,
    length: u64,
    payload: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Changed,
    SyncBegun,
    SyncDone,
    Created,
    Renamed,
    Removed,
}

/// Seven numbers of eight bytes.
const HEAD: usize = 56;

impl<'a> Record<'a> {
    /// The first record, and what follows it; `None` at the end and at a torn record.
    fn first(journal: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = journal.split_at_checked(HEAD)?;
        let number = |index: usize| {
            let bytes = head[index * 8..][..8].try_into().expect("eight bytes");
            u64::from_ne_bytes(bytes)
        };
        let kind = match number(0) {
            1 => Kind::Changed,
            2 => Kind::SyncBegun,
            3 => Kind::SyncDone,
            4 => Kind::Created,
            5 => Kind::Renamed,
            6 => Kind::Removed,
            other => panic!("a record of kind {other} in the journal of a host"),
        };
        let size = usize::try_from(number(6)).expect("a size in memory");
        let (payload, rest) = rest.split_at_checked(size)?;
        let (serial, file, folder) = (number(1), number(2), number(3));
        let (offset, length) = (number(4), number(5));
        Some((Self { kind, serial, file, folder, offset, length, payload }, rest))
    }

    fn path(&self) -> &'a Path {
        Path::new(OsStr::from_bytes(self.payload))
    }

    /// Where a renamed file stood, and where it was put.
    fn paths(&self) -> (&'a Path, &'a Path) {
        let mut paths = self.payload.split(|byte| *byte == 0).map(OsStr::from_bytes);
        let mut next = || Path::new(paths.next().expect("two paths"));
        (next(), next())
    }
}

fn records(mut journal: &[u8]) -> Vec<Record<'_>> {
    let mut found = Vec::new();
    while let Some((record, rest)) = Record::first(journal) {
        found.push(record);
        journal = rest;
    }
    found
}

/// The length of the whole records at the beginning of `journal`.
pub(super) fn whole(journal: &[u8]) -> usize {
    records(journal).iter().map(|record| HEAD + record.payload.len()).sum()
}

/// Undoes, newest first, every change in `journal` that no completed sync covers.
///
/// A sync covers what was recorded before it began: of a file its bytes and its name, of a
/// folder the names in it. So the name of a file that is new or renamed is kept from the file's
/// own sync on, as journaling file systems do, and from its folder's. Folders are kept from
/// their creation on.
///
/// A disk may have taken more than it was told to sync: of what is not covered of a file `keep`
/// says how many writes stay, the oldest, and how many bytes of the next one, out of so many.
pub(super) fn cut(
    journal: &[u8],
    disk: &Path,
    graves: &Path,
    keep: &mut dyn FnMut(usize) -> usize,
) -> io::Result<Lost> {
    let records = records(journal);
    let synced = last_syncs(&records);
    let covers = |file: u64, place: usize| synced.get(&file).is_some_and(|sync| *sync > place);
    let mut files = HashMap::new();
    open_all(disk, &mut files)?;
    open_all(graves, &mut files)?;
    let mut lost = Lost::default();
    let mut ends = Ends::of(&records, &synced);
    for (place, record) in records.iter().enumerate().rev() {
        let (is_synced, is_listed) = (covers(record.file, place), covers(record.folder, place));
        let file = files.get(&record.file);
        match record.kind {
            Kind::Changed if !is_synced => match ends.fate(record.file, keep) {
                Fate::Kept => lost.kept += 1,
                Fate::Torn => {
                    lost.changes += 1;
                    let left = file.map_or(Ok(0), |file| tear(file, record, keep))?;
                    ends.leave(record.file, left);
                }
                Fate::Undone => {
                    lost.changes += 1;
                    file.map_or(Ok(()), |file| put_back(file, record))?;
                }
            },
            // What was written unseen after the last sync began.
            Kind::SyncBegun
                if synced.get(&record.file) == Some(&place) && !ends.leaves(record.file) =>
            {
                file.map_or(Ok(()), |file| shorten(file, record.length))?;
            }
            Kind::Created if !is_synced && is_listed => {
                if !ends.leaves(record.file) {
                    file.map_or(Ok(()), |file| shorten(file, 0))?;
                }
            }
            Kind::Created if !is_synced => lost.names += uncreate(record)?,
            Kind::Renamed if !is_synced && !is_listed => lost.names += rename_back(record, graves)?,
            Kind::Removed if !is_listed => lost.names += exhume(record, graves)?,
            Kind::Changed
            | Kind::SyncBegun
            | Kind::SyncDone
            | Kind::Created
            | Kind::Renamed
            | Kind::Removed => {}
        }
    }
    Ok(lost)
}

/// What becomes of writes that no sync covers.
struct Ends {
    files: HashMap<u64, End>,
}

/// Of one file.
#[derive(Default)]
struct End {
    /// Those that have not met their fate.
    open: usize,
    /// How many stay, the oldest, once that is known.
    kept: Option<usize>,
    /// Whether one stays, or a part of one.
    leaves: bool,
}

enum Fate {
    Kept,
    /// The first that is not kept: its end is lost.
    Torn,
    Undone,
}

impl Ends {
    fn of(records: &[Record<'_>], synced: &HashMap<u64, usize>) -> Self {
        let mut files: HashMap<u64, End> = HashMap::new();
        for (place, record) in records.iter().enumerate() {
            let is_synced = synced.get(&record.file).is_some_and(|sync| *sync > place);
            if record.kind == Kind::Changed && !is_synced {
                files.entry(record.file).or_default().open += 1;
            }
        }
        Self { files }
    }

    /// Of the newest write of the file that has not met it.
    fn fate(&mut self, file: u64, keep: &mut dyn FnMut(usize) -> usize) -> Fate {
        let end = self.files.entry(file).or_default();
        let kept = *end.kept.get_or_insert_with(|| keep(end.open));
        end.open -= 1;
        end.leaves |= kept > 0;
        match end.open.cmp(&kept) {
            Ordering::Less => Fate::Kept,
            Ordering::Equal => Fate::Torn,
            Ordering::Greater => Fate::Undone,
        }
    }

    fn leave(&mut self, file: u64, bytes: usize) {
        self.files.entry(file).or_default().leaves |= bytes > 0;
    }

    /// Whether anything stays of what no sync covers.
    fn leaves(&self, file: u64) -> bool {
        self.files.get(&file).is_some_and(|end| end.leaves)
    }
}

/// The place at which the last completed sync of each file and folder began.
fn last_syncs(records: &[Record<'_>]) -> HashMap<u64, usize> {
    let mut begun = HashMap::new();
    let mut last = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        if record.kind == Kind::SyncBegun {
            begun.insert(record.serial, place);
        }
        if record.kind == Kind::SyncDone {
            let place = begun[&record.serial];
            let newest: &mut usize = last.entry(record.file).or_insert(place);
            *newest = place.max(*newest);
        }
    }
    last
}

/// Every file under `folder` by its number, since names change while changes are undone.
fn open_all(folder: &Path, files: &mut HashMap<u64, File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let about = path.symlink_metadata()?;
        if about.is_dir() {
            open_all(&path, files)?;
        } else if about.is_file() {
            files.insert(about.ino(), OpenOptions::new().read(true).write(true).open(path)?);
        }
    }
    Ok(())
}

fn put_back(file: &File, record: &Record<'_>) -> io::Result<()> {
    file.set_len(record.length)?;
    file.write_all_at(record.payload, record.offset)
}

/// Leaves a beginning of what was written, and answers its length. What was truncated comes back
/// whole.
fn tear(
    file: &File,
    record: &Record<'_>,
    keep: &mut dyn FnMut(usize) -> usize,
) -> io::Result<usize> {
    let length = file.metadata()?.len();
    let end = match length.cmp(&record.length) {
        Ordering::Less => record.offset,
        Ordering::Equal => record.offset + record.payload.len() as u64,
        Ordering::Greater => length,
    };
    let size = end.saturating_sub(record.offset);
    let mut written = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact_at(&mut written, record.offset)?;
    put_back(file, record)?;
    let kept = keep(written.len());
    file.write_all_at(&written[..kept], record.offset)?;
    Ok(kept)
}

fn shorten(file: &File, length: u64) -> io::Result<()> {
    if file.metadata()?.len() > length { file.set_len(length) } else { Ok(()) }
}

/// One if the name was there, as from every change of names that is undone here.
fn uncreate(record: &Record<'_>) -> io::Result<usize> {
    if !is_at(record.path(), record.file) {
        return Ok(0);
    }
    fs::remove_file(record.path())?;
    Ok(1)
}

fn rename_back(record: &Record<'_>, graves: &Path) -> io::Result<usize> {
    let (old, new) = record.paths();
    if !is_at(new, record.file) {
        return Ok(0);
    }
    fs::rename(new, old)?;
    let grave = grave(record, graves);
    if grave.exists() {
        fs::hard_link(grave, new)?;
    }
    Ok(1)
}

fn exhume(record: &Record<'_>, graves: &Path) -> io::Result<usize> {
    if is_at(record.path(), record.file) {
        return Ok(0);
    }
    fs::hard_link(grave(record, graves), record.path())?;
    Ok(1)
}

fn grave(record: &Record<'_>, graves: &Path) -> PathBuf {
    graves.join(record.serial.to_string())
}

/// Whether this very file stands there: a program may be killed between record and change.
fn is_at(path: &Path, file: u64) -> bool {
    path.symlink_metadata().is_ok_and(|about| about.ino() == file)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt};

    use super::{Lost, cut, whole};
    use crate::servers::scratch;

    const CHANGED: u64 = 1;
    const SYNC_BEGUN: u64 = 2;
    const SYNC_DONE: u64 = 3;
    const CREATED: u64 = 4;

    fn record(numbers: [u64; 6], payload: &[u8]) -> Vec<u8> {
        let size = payload.len() as u64;
        let head: Vec<u8> =
            numbers.iter().chain([&size]).flat_map(|number| number.to_ne_bytes()).collect();
        [&head, payload].concat()
    }

    /// A file that holds `now`, after the journal that `of` makes for its number was cut.
    fn left(now: &str, of: impl Fn(u64) -> Vec<u8>) -> (String, Lost) {
        left_of(now, of, &mut |_| 0)
    }

    /// The same on a disk that kept more than it was told to.
    fn left_of(
        now: &str,
        of: impl Fn(u64) -> Vec<u8>,
        keep: &mut dyn FnMut(usize) -> usize,
    ) -> (String, Lost) {
        let folder = scratch("cut");
        let (disk, graves) = (folder.path().join("disk"), folder.path().join("graves"));
        fs::create_dir(&disk).expect("a disk");
        fs::create_dir(&graves).expect("graves");
        let path = disk.join("file");
        fs::write(&path, now).expect("a file");
        let journal = of(path.metadata().expect("a file").ino());
        let lost = cut(&journal, &disk, &graves, keep).expect("a cut");
        (fs::read_to_string(path).expect("a file"), lost)
    }

    #[test]
    fn what_is_written_while_a_sync_runs_is_not_covered_by_it() {
        let appended = |file, length| record([CHANGED, 0, file, 0, length, length], b"");
        let (content, lost) = left("abc", |file| {
            let begun = record([SYNC_BEGUN, 7, file, 0, 0, 2], b"");
            let done = record([SYNC_DONE, 7, file, 0, 0, 2], b"");
            [appended(file, 0), appended(file, 1), begun, appended(file, 2), done].concat()
        });
        assert_eq!((content.as_str(), lost.changes), ("ab", 1));
    }

    #[test]
    fn a_sync_that_never_ended_covers_nothing() {
        let (content, _) = left("ab", |file| {
            let appended = record([CHANGED, 0, file, 0, 1, 1], b"");
            [appended, record([SYNC_BEGUN, 7, file, 0, 0, 2], b"")].concat()
        });
        assert_eq!(content, "a");
    }

    #[test]
    fn a_torn_last_record_is_no_record() {
        let replaced = |file| record([CHANGED, 0, file, 0, 0, 2], b"xy");
        for torn in 1..replaced(0).len() {
            let journal = |file| [replaced(file), replaced(file)[..torn].to_vec()].concat();
            assert_eq!(whole(&journal(0)), replaced(0).len());
            assert_eq!(left("ab", journal).0, "xy", "{torn} bytes");
        }
    }

    #[test]
    fn a_disk_may_keep_a_beginning_of_what_was_not_synced_and_tear_what_follows() {
        let appended = |file, length| record([CHANGED, 0, file, 0, length, length], b"");
        let journal = |file| {
            let begun = record([SYNC_BEGUN, 7, file, 0, 0, 2], b"");
            let done = record([SYNC_DONE, 7, file, 0, 0, 2], b"");
            [
                appended(file, 0),
                begun,
                done,
                appended(file, 2),
                appended(file, 4),
                appended(file, 6),
            ]
            .concat()
        };
        for (writes, bytes, content) in
            [(0, 0, "ab"), (0, 1, "abc"), (1, 0, "abcd"), (1, 1, "abcde"), (3, 0, "abcdefgh")]
        {
            let mut picks = [writes, bytes].into_iter();
            let (left, lost) = left_of("abcdefgh", journal, &mut |most| {
                let pick = picks.next().expect("two picks");
                assert!(pick <= most);
                pick
            });
            assert_eq!((left.as_str(), lost.kept, lost.changes), (content, writes, 3 - writes));
        }
    }

    #[test]
    fn what_a_disk_kept_of_a_file_whose_name_alone_was_synced_stays() {
        const FOLDER: u64 = 99;
        let journal = |file| {
            let created = record([CREATED, 0, file, FOLDER, 0, 0], b"");
            let begun = record([SYNC_BEGUN, 7, FOLDER, 0, 0, 0], b"");
            let done = record([SYNC_DONE, 7, FOLDER, 0, 0, 0], b"");
            let appended = |length| record([CHANGED, 0, file, 0, length, length], b"");
            [created, begun, done, appended(0), appended(2)].concat()
        };
        for (writes, bytes, content) in [(0, 0, ""), (0, 1, "a"), (1, 0, "ab"), (1, 1, "abc")] {
            let mut picks = [writes, bytes].into_iter();
            let (left, lost) = left_of("abcd", journal, &mut |_| picks.next().expect("two picks"));
            assert_eq!((left.as_str(), lost.kept, lost.names), (content, writes, 0));
        }
    }

    #[test]
    fn a_page_is_torn_between_its_new_and_its_old_bytes() {
        let journal = |file| record([CHANGED, 0, file, 0, 1, 5], b"bcd");
        let mut picks = [0, 2].into_iter();
        let (left, _) = left_of("aBCDe", journal, &mut |_| picks.next().expect("two picks"));
        assert_eq!(left, "aBCde");
    }

    #[test]
    fn changes_of_one_place_are_undone_from_the_newest_to_the_oldest() {
        let (content, lost) = left("aZc", |file| {
            let first = record([CHANGED, 0, file, 0, 1, 3], b"b");
            [first, record([CHANGED, 0, file, 0, 1, 3], b"Y")].concat()
        });
        assert_eq!((content.as_str(), lost.changes), ("abc", 2));
    }
}
