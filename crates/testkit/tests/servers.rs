//! The kit's own servers behave as the tests that stand on them expect.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs::OpenOptions, io::Write, path::Path, time::Duration};

use redis::AsyncCommands;
use sqlx::{Connection, PgConnection, error::DatabaseError};
use stampede_testkit::servers::{
    self, OwnPostgres, OwnPostgresOptions, OwnRedis, OwnRedisOptions, connection, until,
};

const LIMIT: Duration = Duration::from_secs(30);

async fn read(redis: &OwnRedis, key: &str) -> Option<i64> {
    connection(&redis.url()).await.get(key).await.expect("GET")
}

async fn write(redis: &OwnRedis, key: &str, value: i64) {
    connection(&redis.url()).await.set::<_, _, ()>(key, value).await.expect("SET");
}

async fn tables(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a count")
}

async fn execute(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    sqlx::query(statement).execute(&mut connection).await.expect(statement);
}

#[tokio::test]
async fn the_shared_redis_answers_and_gives_each_caller_another_prefix() {
    let (one, other) = (servers::redis().await, servers::redis().await);
    assert_eq!(one.url, other.url);
    assert_ne!(one.prefix, other.prefix);
    let pong: String = connection(&one.url).await.ping().await.expect("PING");
    assert_eq!(pong, "PONG");
}

#[tokio::test]
async fn an_append_only_redis_keeps_what_it_was_told_over_a_kill() {
    let mut redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    let address = redis.url();
    write(&redis, "stock", 7).await;
    redis.kill();
    redis.restart().await;
    assert_eq!(read(&redis, "stock").await, Some(7));
    assert_eq!(redis.url(), address);
}

/// As its power fails while its file is rewritten, when the end of the old part was not synced.
#[tokio::test]
async fn a_redis_that_ends_over_a_file_that_it_mends_is_started_until_it_is_mended() {
    let mut server = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    write(&server, "kept", 1).await;
    // Cut off in the middle of a transaction: first its last command goes, and then all of it.
    let mut transaction = redis::pipe();
    transaction.atomic().set("torn", 2).ignore().set("torn", 3).ignore();
    let () = transaction.query_async(&mut connection(&server.url()).await).await.expect("EXEC");
    let (_, folder): (String, String) = redis::cmd("CONFIG")
        .arg(&["GET", "dir"])
        .query_async(&mut connection(&server.url()).await)
        .await
        .expect("CONFIG GET");
    server.kill();
    let files = Path::new(&folder).join("appendonlydir");
    let append = |name: &str| {
        OpenOptions::new().append(true).create(true).open(files.join(name)).expect("a file")
    };
    let torn = append("appendonly.aof.1.incr.aof");
    torn.set_len(torn.metadata().expect("its length").len() - 3).expect("shorter");
    append("appendonly.aof.2.incr.aof").write_all(b"*1\r\n$4\r\nPING\r\n").expect("a part");
    let part = b"file appendonly.aof.2.incr.aof seq 2 type i\n";
    append("appendonly.aof.manifest").write_all(part).expect("the list of parts");
    server.restart().await;
    assert_eq!((read(&server, "kept").await, read(&server, "torn").await), (Some(1), None));
}

#[tokio::test]
async fn a_redis_restarted_empty_is_empty() {
    let mut redis = OwnRedis::start(OwnRedisOptions::on_disk()).await;
    write(&redis, "stock", 7).await;
    redis.restart_empty().await;
    assert_eq!(read(&redis, "stock").await, None);
}

#[tokio::test]
async fn a_redis_restarted_from_its_copy_has_forgotten_what_came_after() {
    for appendonly in [true, false] {
        let options = OwnRedisOptions { appendonly, ..OwnRedisOptions::default() };
        let mut redis = OwnRedis::start(options).await;
        write(&redis, "stock", 7).await;
        redis.save_copy().await;
        write(&redis, "stock", 6).await;
        redis.restart_from_copy().await;
        assert_eq!(read(&redis, "stock").await, Some(7), "appendonly {appendonly}");
    }
}

#[tokio::test]
async fn a_paused_redis_answers_only_after_it_is_resumed() {
    let redis = OwnRedis::start(OwnRedisOptions::default()).await;
    // One with the limit of its own, of half a second.
    let client = redis::Client::open(redis.url()).expect("an address");
    let mut client = client.get_multiplexed_async_connection().await.expect("a connection");
    redis.pause();
    let refused: Result<String, _> = client.ping().await;
    assert!(refused.expect_err("nobody answers").is_timeout());
    redis.resume();
    let pong: String = connection(&redis.url()).await.ping().await.expect("PING");
    assert_eq!(pong, "PONG");
}

#[tokio::test]
async fn a_promoted_replica_goes_its_own_way_until_it_is_failed_back() {
    let options = OwnRedisOptions::on_disk;
    let one = OwnRedis::start(options()).await;
    let other = OwnRedis::start(options()).await;
    write(&one, "stock", 7).await;
    let mut client = connection(&one.url()).await;
    other.replicate(&one).await;
    assert_eq!(read(&other, "stock").await, Some(7));
    other.promote().await;
    client.set::<_, _, ()>("stock", 6).await.expect("the old master keeps its clients");
    write(&other, "stock", 5).await;
    assert_eq!((read(&one, "stock").await, read(&other, "stock").await), (Some(6), Some(5)));
    one.replicate(&other).await;
    assert_eq!(read(&one, "stock").await, Some(5));
}

#[tokio::test]
async fn a_redis_without_memory_refuses_writes_and_still_reads() {
    let redis = OwnRedis::start(OwnRedisOptions::default()).await;
    write(&redis, "stock", 7).await;
    redis.limit_memory(1).await;
    let refused: Result<(), _> = connection(&redis.url()).await.set("stock", 6).await;
    assert_eq!(refused.expect_err("no memory").code(), Some("OOM"));
    assert_eq!(read(&redis, "stock").await, Some(7));
    redis.limit_memory(0).await;
    write(&redis, "stock", 6).await;
}

#[tokio::test]
async fn a_test_database_is_empty_and_apart_from_every_other() {
    let (one, other) = tokio::join!(servers::postgres(), servers::postgres());
    assert_eq!(tables(&one.url).await, 0);
    execute(&one.url, "CREATE TABLE purchases (no int)").await;
    assert_eq!(tables(&one.url).await, 1);
    assert_eq!(tables(&other.url).await, 0);
}

#[tokio::test]
async fn a_killed_postgres_has_its_commits_again() {
    let mut postgres = OwnPostgres::start().await;
    let address = postgres.url();
    execute(&address, "CREATE TABLE purchases (no int)").await;
    postgres.kill();
    assert!(PgConnection::connect(&address).await.is_err());
    postgres.restart().await;
    assert_eq!(tables(&address).await, 1);
}

#[tokio::test]
async fn a_stopped_postgres_has_rolled_back_and_its_commits_again() {
    let mut postgres = OwnPostgres::start().await;
    let address = postgres.url();
    execute(&address, "CREATE TABLE purchases (no int)").await;
    let mut session = PgConnection::connect(&address).await.expect("a connection");
    run_in(&mut session, "BEGIN").await;
    run_in(&mut session, "CREATE TABLE uncommitted (no int)").await;
    postgres.stop();
    assert!(PgConnection::connect(&address).await.is_err());
    postgres.restart().await;
    assert_eq!(tables(&address).await, 1);
}

async fn run_in(session: &mut PgConnection, statement: &'static str) {
    sqlx::query(statement).execute(session).await.expect(statement);
}

#[tokio::test]
async fn a_frozen_postgres_answers_only_after_it_is_thawed() {
    let postgres = OwnPostgres::start().await;
    let mut session = PgConnection::connect(&postgres.url()).await.expect("a connection");
    run_in(&mut session, "SELECT 1").await;
    postgres.freeze();
    let silence = Duration::from_millis(300);
    let answer = tokio::time::timeout(silence, run_in(&mut session, "SELECT 1")).await;
    assert!(answer.is_err(), "an open session is silent");
    let new = tokio::time::timeout(silence, PgConnection::connect(&postgres.url())).await;
    assert!(new.is_err(), "and so is a new one");
    postgres.thaw();
    assert_eq!(tables(&postgres.url()).await, 0);
}

#[tokio::test]
async fn a_frozen_postgres_can_be_killed() {
    let mut postgres = OwnPostgres::start().await;
    execute(&postgres.url(), "CREATE TABLE purchases (no int)").await;
    postgres.freeze();
    postgres.restart().await;
    assert_eq!(tables(&postgres.url()).await, 1);
}

#[tokio::test]
async fn an_exhausted_postgres_has_no_connection_until_they_are_given_back() {
    let options = OwnPostgresOptions { connections: 12, ..OwnPostgresOptions::default() };
    let postgres = OwnPostgres::start_with(options).await;
    let address = postgres.url();
    let mut session = PgConnection::connect(&address).await.expect("a connection");
    let taken = postgres.exhaust_connections().await;
    assert_eq!(taken.count(), 12);
    assert!(sqlx::query("SELECT 1").execute(&mut session).await.is_err(), "its session has ended");
    let refused = PgConnection::connect(&address).await.expect_err("no connection is left");
    let code = refused.as_database_error().and_then(DatabaseError::code);
    assert_eq!(code.as_deref(), Some("53300"));
    drop(taken);
    until("a connection", LIMIT, async || PgConnection::connect(&address).await.ok()).await;
}

#[tokio::test]
async fn a_read_only_postgres_refuses_writes_of_old_and_new_sessions() {
    let postgres = OwnPostgres::start().await;
    let address = postgres.url();
    execute(&address, "CREATE TABLE purchases (no int)").await;
    let mut session = PgConnection::connect(&address).await.expect("a connection");
    let write = "INSERT INTO purchases VALUES (1)";
    postgres.read_only(true).await;
    assert!(sqlx::query(write).execute(&mut session).await.is_err(), "its session has ended");
    let mut session = PgConnection::connect(&address).await.expect("a connection");
    let refused = sqlx::query(write).execute(&mut session).await.expect_err("it is read-only");
    let code = refused.as_database_error().and_then(DatabaseError::code);
    assert_eq!(code.as_deref(), Some("25006"));
    postgres.read_only(false).await;
    execute(&address, write).await;
}

#[tokio::test]
async fn a_postgres_restarted_from_its_copy_has_forgotten_what_came_after() {
    let mut postgres = OwnPostgres::start().await;
    let address = postgres.url();
    execute(&address, "CREATE TABLE purchases (no int)").await;
    postgres.save_copy().await;
    for _ in 0..2 {
        execute(&address, "CREATE TABLE later (no int)").await;
        assert_eq!(tables(&address).await, 2);
        postgres.restart_from_copy().await;
        assert_eq!(tables(&address).await, 1);
    }
}

#[tokio::test]
async fn a_postgres_syncs_when_it_is_asked_to() {
    for fsync in [false, true] {
        let options = OwnPostgresOptions { fsync, ..OwnPostgresOptions::default() };
        let postgres = OwnPostgres::start_with(options).await;
        let mut session = PgConnection::connect(&postgres.url()).await.expect("a connection");
        for setting in ["fsync", "full_page_writes"] {
            let read = sqlx::query_scalar("SELECT current_setting($1)").bind(setting);
            let state: String = read.fetch_one(&mut session).await.expect("a setting");
            assert_eq!(state == "on", fsync, "{setting}");
        }
    }
}
