//! Who may change sales: those who know the admin key.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{error::ApiError, worker::Worker};

/// The header that carries the key.
const X_ADMIN_KEY: &str = "X-Admin-Key";

/// The admin key as its hash: comparing hashes takes the same time for a guess of any length.
#[derive(Clone)]
pub(crate) struct AdminKey([u8; 32]);

impl AdminKey {
    /// The hash of the key.
    pub(crate) fn new(key: &SecretString) -> Self {
        Self(Sha256::digest(key.expose_secret().as_bytes()).into())
    }

    fn opens(&self, guess: &[u8]) -> bool {
        let guess: [u8; 32] = Sha256::digest(guess).into();
        self.0.ct_eq(&guess).into()
    }
}

/// Proof that the request carries the admin key. Comes first among a handler's arguments, so
/// that nobody else learns what a body should look like.
#[derive(Debug)]
pub(crate) struct Admin;

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guess = request.headers().get(X_ADMIN_KEY);
        let key = request.app_data::<Data<Worker>>().map(|worker| &worker.node.admin_key);
        ready(match (guess, key) {
            (Some(guess), Some(key)) if key.opens(guess.as_bytes()) => Ok(Self),
            (Some(_) | None, _) => Err(ApiError::Unauthorized),
        })
    }
}
