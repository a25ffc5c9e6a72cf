//! Who may do what, and how often.

use secrecy::SecretString;
use stampede_presentation::{ImageOrigins, TrustedProxies};

use super::{Need, reader::Reader};

/// Who may do what, and how often.
#[derive(Debug)]
pub struct Access {
    /// What admins send; `None` only for the demo, which makes one.
    pub admin_key: Option<SecretString>,
    /// Attempts a second that one buyer may make, 0 for any number.
    pub attempts_per_buyer_per_s: u32,
    /// Requests a second that one address may make, 0 for any number.
    pub requests_per_address_per_s: u32,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// From where the page may show pictures, beside its own origin.
    pub image_origins: ImageOrigins,
}

impl Access {
    pub(super) fn from_reader(read: &Reader, need: Need) -> Self {
        let admin_key = read.key("ADMIN_API_KEY");
        if admin_key.is_none() && need == Need::Whole {
            read.missing("ADMIN_API_KEY", "is not set");
        }
        let images = |text: &str| ImageOrigins::parse(text).ok();
        let proxies = |text: &str| TrustedProxies::parse(text).ok();
        Self {
            admin_key,
            attempts_per_buyer_per_s: read.whole("RATE_LIMIT_PURCHASE_PER_BUYER"),
            requests_per_address_per_s: read.whole("RATE_LIMIT_PER_IP"),
            trusted_proxies: read.parsed("STAMPEDE_TRUSTED_PROXIES", proxies).unwrap_or_default(),
            image_origins: read.parsed("STAMPEDE_IMAGE_ORIGINS", images).unwrap_or_default(),
            cors_origins: read.origins("STAMPEDE_CORS_ORIGINS"),
        }
    }
}
