//! Until when a cache in front may show an answer that changes all the time.

use std::cell::RefCell;

use actix_web::http::header::{HeaderName, HeaderValue};
use stampede_domain::Instant;

/// The last second, since 1970, in which nginx shows the answer without asking anew. It goes by
/// whole seconds: with `max-age=1` alone, an answer is fresh for up to two of them.
pub(crate) static X_ACCEL_EXPIRES: HeaderName = HeaderName::from_static("x-accel-expires");

/// One worker thread's header of this second, made once.
#[derive(Default)]
pub(crate) struct KeptUntil(RefCell<Option<(i64, HeaderValue)>>);

impl KeptUntil {
    /// The second that this instant is in.
    pub(crate) fn end_of_second(&self, now: Instant) -> HeaderValue {
        let second = now.millis().div_euclid(1_000);
        let mut made = self.0.borrow_mut();
        match &*made {
            Some((of, header)) if *of == second => header.clone(),
            _ => {
                let header = HeaderValue::from_str(&format!("@{second}"));
                let Ok(header) = header else { unreachable!("it is ASCII") };
                *made = Some((second, header.clone()));
                header
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_until_the_end_of_its_second() {
        let kept = KeptUntil::default();
        for (millis, until) in [(999, "@0"), (1_000, "@1"), (1_999, "@1"), (500, "@0")] {
            assert_eq!(kept.end_of_second(Instant::from_millis(millis)), until, "{millis}");
        }
    }
}
