//! The kit's own servers behave as the tests that stand on them expect.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use redis::{AsyncCommands, aio::MultiplexedConnection};
use sqlx::{Connection, PgConnection};
use stampede_testkit::servers::{self, OwnPostgres, OwnRedis, OwnRedisOptions};

async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("an address");
    client.get_multiplexed_async_connection().await.expect("a connection")
}

async fn read(redis: &OwnRedis, key: &str) -> Option<i64> {
    connect(&redis.url()).await.get(key).await.expect("GET")
}

async fn write(redis: &OwnRedis, key: &str, value: i64) {
    connect(&redis.url()).await.set::<_, _, ()>(key, value).await.expect("SET");
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
    let pong: String = connect(&one.url).await.ping().await.expect("PING");
    assert_eq!(pong, "PONG");
}

#[tokio::test]
async fn an_append_only_redis_keeps_what_it_was_told_over_a_kill() {
    let options = OwnRedisOptions { appendonly: true, ..OwnRedisOptions::default() };
    let mut redis = OwnRedis::start(options).await;
    let address = redis.url();
    write(&redis, "stock", 7).await;
    redis.kill();
    redis.restart().await;
    assert_eq!(read(&redis, "stock").await, Some(7));
    assert_eq!(redis.url(), address);
}

#[tokio::test]
async fn a_redis_restarted_empty_is_empty() {
    let options = OwnRedisOptions { appendonly: true, ..OwnRedisOptions::default() };
    let mut redis = OwnRedis::start(options).await;
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
    let mut connection = connect(&redis.url()).await;
    redis.pause();
    let refused: Result<String, _> = connection.ping().await;
    assert!(refused.expect_err("nobody answers").is_timeout());
    redis.resume();
    let pong: String = connect(&redis.url()).await.ping().await.expect("PING");
    assert_eq!(pong, "PONG");
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
