//! A power loss takes what was not synced and leaves what was, in real programs.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use redis::{AsyncCommands, aio::MultiplexedConnection};
use stampede_testkit::servers::{
    DiskFault, Fsync, Host, Lost, OwnRedis, OwnRedisOptions, connection, scratch, until,
};
use tempfile::TempDir;

/// Two pages of a file, as `dd` writes one of them in place.
const PAGE: usize = 4096;
/// More than Redis leaves unsynced under `everysec`.
const TWO_SECONDS: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(20);

/// A disk and the programs of a shell that work on it.
struct Scene {
    host: Host,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = scratch("disk");
        Self { host: Host::with_disk(folder.path()), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a line of shell in the disk's folder.
    fn sh(&self, line: &str) -> ExitStatus {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.folder.path()).envs(self.host.environment());
        command.status().expect("a shell")
    }

    fn does(&self, line: &str) {
        assert!(self.sh(line).success(), "{line}");
    }

    fn content(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn assert(&self, expected: &[(&str, Option<&str>)]) {
        for (name, content) in expected {
            assert_eq!(self.content(name).as_deref(), *content, "{name}");
        }
    }
}

#[test]
fn what_was_synced_is_kept_and_what_was_appended_since_is_lost() {
    let scene = Scene::new();
    scene.does("printf one > file; sync file; printf two >> file; printf three >> file");
    scene.assert(&[("file", Some("onetwothree"))]);
    assert_eq!(scene.host.lose_power(), Lost { changes: 2, ..Lost::default() });
    scene.assert(&[("file", Some("one"))]);
}

#[test]
fn a_page_written_in_place_goes_back_to_its_old_bytes() {
    let scene = Scene::new();
    let page = |letter: &str| letter.repeat(PAGE);
    fs::write(scene.path("file"), [page("a"), page("b"), page("c")].concat()).expect("a file");
    let write = |letter: char, place: usize| {
        format!(
            "head -c {PAGE} /dev/zero | tr '\\0' {letter} |
             dd of=file bs={PAGE} seek={place} conv=notrunc status=none"
        )
    };
    scene.does(&format!("{}; sync file; {}", write('A', 0), write('B', 1)));
    scene.does(&format!("{}; {}", write('X', 1), write('D', 3)));
    scene.host.lose_power();
    let left = [page("A"), page("b"), page("c")].concat();
    assert!(scene.content("file") == Some(left), "synced pages as synced, the others as before");
}

#[test]
fn a_truncation_is_undone_with_the_bytes_it_took() {
    let scene = Scene::new();
    scene.does("printf sold > file; printf gone > other; sync file other");
    scene.does("truncate -s 1 file; printf x > other");
    scene.assert(&[("file", Some("s")), ("other", Some("x"))]);
    scene.host.lose_power();
    scene.assert(&[("file", Some("sold")), ("other", Some("gone"))]);
}

#[test]
fn names_are_kept_from_the_sync_of_their_folder_on() {
    let names =
        [("new", None), ("old", Some("old")), ("moved", Some("moved")), ("gone", Some("x"))];
    let done = [("new", Some("")), ("old", Some("moved")), ("moved", None), ("gone", None)];
    let changes = "printf new > new; mv moved old; rm gone";
    for (sync, left) in [("true", names), ("sync .", done)] {
        let scene = Scene::new();
        scene.does("printf old > old; printf moved > moved; printf x > gone; sync old moved gone");
        scene.does(&format!("{changes}; {sync}"));
        scene.host.lose_power();
        scene.assert(&left);
    }
}

#[test]
fn a_second_power_loss_takes_nothing_that_outlived_the_first() {
    let scene = Scene::new();
    scene.does("printf one > file; sync file; printf two >> file");
    scene.host.lose_power();
    scene.does("printf three >> file; sync file; printf four >> file");
    scene.host.lose_power();
    scene.assert(&[("file", Some("onethree"))]);
}

#[test]
fn a_full_disk_refuses_what_is_to_be_written_and_nothing_else() {
    let scene = Scene::new();
    scene.does("printf one > file; sync file");
    scene.host.refuse_writes(DiskFault::Full, 1);
    assert!(!scene.sh("printf two >> file").success());
    assert!(!scene.sh(": > new").success());
    scene.does("cat file > /dev/null; sync file; printf elsewhere > /dev/null");
    assert_eq!((scene.host.refused().writes, scene.host.refused().syncs), (2, 0));
    scene.host.heal();
    scene.does("printf three >> file");
    scene.assert(&[("file", Some("onethree")), ("new", None)]);
}

#[test]
fn a_refused_sync_covers_nothing() {
    let scene = Scene::new();
    scene.does("printf one > file; sync file; printf two >> file");
    scene.host.refuse_syncs(DiskFault::Broken, 2);
    scene.does("sync .");
    assert!(!scene.sh("sync file").success());
    assert_eq!(scene.host.refused().syncs, 1);
    scene.host.lose_power();
    scene.assert(&[("file", Some("one"))]);
}

async fn connect(redis: &OwnRedis) -> MultiplexedConnection {
    connection(&redis.url()).await
}

async fn on_a_host(fsync: Fsync) -> OwnRedis {
    let options = OwnRedisOptions { appendonly: true, fsync, power_loss: true, arguments: vec![] };
    OwnRedis::start(options).await
}

/// Appends numbers from 0 on for at least `time`, each answered before the next is sent, then
/// loses power while no sync is under way, and answers how many were answered and how many are left,
/// oldest first.
async fn append(redis: &mut OwnRedis, time: Duration) -> (Vec<i64>, Vec<i64>) {
    let mut connection = connect(redis).await;
    let (start, mut told) = (Instant::now(), Vec::new());
    while told.len() < 100 || start.elapsed() < time {
        let number = i64::try_from(told.len()).expect("few");
        connection.rpush::<_, _, ()>("numbers", number).await.expect("RPUSH");
        told.push(number);
    }
    until("no sync is under way", SOON, async || {
        let about: String =
            redis::cmd("INFO").arg("persistence").query_async(&mut connection).await.ok()?;
        about.contains("aof_pending_bio_fsync:0").then_some(())
    })
    .await;
    redis.lose_power();
    redis.restart().await;
    let left = connect(redis).await.lrange("numbers", 0, -1).await.expect("LRANGE");
    (told, left)
}

#[tokio::test]
async fn a_redis_that_always_syncs_keeps_all_it_answered_when_power_fails() {
    let mut redis = on_a_host(Fsync::Always).await;
    let (told, left) = append(&mut redis, Duration::ZERO).await;
    assert_eq!(left, told);
}

#[tokio::test]
async fn a_redis_that_never_syncs_loses_all_it_answered_when_power_fails() {
    let mut redis = on_a_host(Fsync::No).await;
    let (_, left) = append(&mut redis, Duration::ZERO).await;
    assert_eq!(left, Vec::<i64>::new());
}

#[tokio::test]
async fn a_redis_that_syncs_every_second_keeps_a_beginning_when_power_fails() {
    let mut redis = on_a_host(Fsync::EverySecond).await;
    let (told, left) = append(&mut redis, 2 * TWO_SECONDS).await;
    assert_eq!(left, told[..left.len()], "what is lost is the end");
    assert!(left.len() > told.len() / 20, "{} of {}", left.len(), told.len());
}

#[tokio::test]
async fn a_killed_redis_without_a_power_loss_has_everything_again() {
    let mut redis = on_a_host(Fsync::No).await;
    connect(&redis).await.set::<_, _, ()>("stock", 7).await.expect("SET");
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("stock").await, Ok(7));
    // What the first life never synced is lost with what the second never synced.
    redis.lose_power();
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, Option<i64>>("stock").await, Ok(None));
}

/// While a sync is under way, such a Redis keeps what it answers in its own memory, for two seconds
/// at most, lest the disk make it wait.
#[tokio::test]
async fn a_killed_redis_that_syncs_every_second_loses_what_it_answered_during_a_slow_sync() {
    let mut redis = on_a_host(Fsync::EverySecond).await;
    let mut connection = connect(&redis).await;
    redis.host().hold_syncs();
    let mut told: i64 = 0;
    until("what was answered is not written", SOON, async || {
        told = connection.incr("sold", 1).await.expect("INCR");
        let about: String =
            redis::cmd("INFO").arg("persistence").query_async(&mut connection).await.ok()?;
        (!about.contains("aof_buffer_length:0\r")).then_some(())
    })
    .await;
    redis.kill();
    redis.host().heal();
    redis.restart().await;
    let left: i64 = connect(&redis).await.get("sold").await.expect("GET");
    assert_eq!(left, told - 1, "the last was answered, and is gone");
}

/// So what a test knows of a Redis that it kills does not hang on the disk of its machine.
#[tokio::test]
async fn a_killed_redis_of_a_test_has_what_it_answered_during_a_slow_sync() {
    let options = OwnRedisOptions { power_loss: true, ..OwnRedisOptions::on_disk() };
    let mut redis = OwnRedis::start(options).await;
    let mut connection = connect(&redis).await;
    redis.host().hold_syncs();
    let (start, mut told) = (Instant::now(), 0_i64);
    // At `everysec` a sync would begin with the next second.
    while start.elapsed() < TWO_SECONDS {
        told = connection.incr("sold", 1).await.expect("INCR");
    }
    redis.kill();
    redis.host().heal();
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("sold").await, Ok(told));
}

#[tokio::test]
async fn a_redis_that_rewrote_its_file_has_its_data_when_power_fails() {
    let mut redis = on_a_host(Fsync::Always).await;
    let mut connection = connect(&redis).await;
    connection.set::<_, _, ()>("stock", 7).await.expect("SET");
    let rewritten = "aof_rewrite_in_progress:0";
    redis::cmd("BGREWRITEAOF").exec_async(&mut connection).await.expect("BGREWRITEAOF");
    until("the file is rewritten", TWO_SECONDS * 10, async || {
        let about: String =
            redis::cmd("INFO").arg("persistence").query_async(&mut connection).await.ok()?;
        let is_done = about.contains(rewritten) && !about.contains("scheduled:1");
        (is_done && about.contains("aof_last_bgrewrite_status:ok")).then_some(())
    })
    .await;
    connection.decr::<_, _, ()>("stock", 1).await.expect("DECR");
    redis.lose_power();
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("stock").await, Ok(6));
}

#[tokio::test]
async fn a_redis_whose_power_fails_while_it_rewrites_its_file_has_its_data_and_its_child_ends() {
    let mut redis = on_a_host(Fsync::Always).await;
    let mut connection = connect(&redis).await;
    connection.mset::<_, _, ()>(&[("stock", 7), ("sold", 0)]).await.expect("MSET");
    redis.begin_rewrite(Duration::from_mins(1)).await;
    connection.decr::<_, _, ()>("stock", 1).await.expect("DECR");
    redis.lose_power();
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("stock").await, Ok(6));
}

#[tokio::test]
async fn a_redis_whose_file_has_a_torn_end_loses_that_end_and_nothing_that_it_writes_later() {
    let mut redis = on_a_host(Fsync::Always).await;
    connect(&redis).await.set::<_, _, ()>("stock", 7).await.expect("SET");
    // From here on nothing is synced.
    redis::cmd("CONFIG")
        .arg(&["SET", "appendfsync", "no"])
        .exec_async(&mut connect(&redis).await)
        .await
        .expect("CONFIG SET");
    for left in [6, 5, 4] {
        connect(&redis).await.set::<_, _, ()>("stock", left).await.expect("SET");
    }
    // The first of the three, and half of the second.
    let mut picks = [1, 10].into_iter();
    let lost = redis.lose_power_keeping(&mut |_| picks.next().unwrap_or(0));
    assert_eq!((lost.kept, lost.changes), (1, 2));
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("stock").await, Ok(6));
    // It has cut the torn end off before it appended, and that is noted too.
    connect(&redis).await.set::<_, _, ()>("stock", 3).await.expect("SET");
    redis.lose_power();
    redis.restart().await;
    assert_eq!(connect(&redis).await.get::<_, i64>("stock").await, Ok(3));
}

#[test]
fn a_file_that_is_truncated_by_its_name_is_put_back() {
    let scene = Scene::new();
    scene.does("printf sold > file; sync file; perl -e 'truncate(\"file\", 1) or die'");
    scene.assert(&[("file", Some("s"))]);
    scene.host.lose_power();
    scene.assert(&[("file", Some("sold"))]);
}

#[tokio::test]
async fn the_clock_of_a_redis_goes_as_its_host_says() {
    let redis = on_a_host(Fsync::No).await;
    let mut connection = connect(&redis).await;
    let mut time = async || -> i64 {
        let (seconds, _): (i64, i64) =
            redis::cmd("TIME").query_async(&mut connection).await.expect("TIME");
        seconds
    };
    let now = time().await;
    redis.host().set_clock_back(Duration::from_hours(1));
    assert!((now - 3600..now - 3500).contains(&time().await));
    redis.host().set_clock_ahead(Duration::from_mins(1));
    assert!((now + 60..now + 160).contains(&time().await));
    redis.host().set_clock_right();
    assert!((now..now + 100).contains(&time().await));
}
