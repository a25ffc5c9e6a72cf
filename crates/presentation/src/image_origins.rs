//! From where the page may show pictures, beside its own origin.

use std::net::Ipv4Addr;

use stampede_domain::limits;
use url::{Host, Url};

/// Origins that products' pictures may come from; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageOrigins(Vec<String>);

/// Why a list of origins was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin with https, such as https://cdn.example.com; http for loopback alone")]
pub struct ImageOriginsError(pub String);

impl ImageOrigins {
    /// Reads origins separated by commas; empty for none.
    ///
    /// # Errors
    ///
    /// [`ImageOriginsError`] with the first part that is none.
    pub fn parse(text: &str) -> Result<Self, ImageOriginsError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(origin).collect::<Result<_, _>>().map(Self)
    }

    /// Each origin as browsers write it.
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a picture may be named so.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and which setting would allow more.
    pub(crate) fn check(&self, picture: &str) -> Result<(), String> {
        let fits = picture.chars().count() <= limits::PICTURE_CHARS_MAX;
        let plain =
            |letter: char| !letter.is_control() && !letter.is_whitespace() && letter != '\\';
        let own = picture.starts_with('/') && !picture.starts_with("//");
        if fits && picture.chars().all(plain) && (own || self.has(picture)) {
            Ok(())
        } else {
            Err(self.wrong())
        }
    }

    /// What is wrong with a picture that is none.
    pub(crate) fn wrong(&self) -> String {
        let allowed = if self.0.is_empty() { "none".to_owned() } else { self.0.join(", ") };
        format!(
            "must be a path of this origin that begins with one /, or an address of an allowed \
             origin, {} characters at most, without spaces; allowed origins: {allowed} \
             (STAMPEDE_IMAGE_ORIGINS allows more)",
            limits::PICTURE_CHARS_MAX
        )
    }

    fn has(&self, address: &str) -> bool {
        // The parser forgives a slash too few or too many, and takes the origin inside of a blob:.
        let whole = address.split_once("://").is_some_and(|(scheme, rest)| {
            ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
                && !rest.starts_with('/')
        });
        whole
            && Url::parse(address).is_ok_and(|url| {
                let anonymous = url.username().is_empty() && url.password().is_none();
                anonymous && self.0.contains(&url.origin().ascii_serialization())
            })
    }
}

/// The origin as browsers compare it.
fn origin(text: &str) -> Result<String, ImageOriginsError> {
    let refused = || ImageOriginsError(text.to_owned());
    let url = Url::parse(text).map_err(|_| refused())?;
    let bare = Url::parse(&url.origin().ascii_serialization()).is_ok_and(|bare| bare == url);
    let secure = match (url.scheme(), url.host()) {
        // Such a host cannot end its place in a policy.
        ("https", Some(Host::Domain(name))) => name.bytes().all(is_of_a_name),
        ("https", Some(Host::Ipv4(_))) | ("http", Some(Host::Domain("localhost"))) => true,
        ("http", Some(Host::Ipv4(address))) => address == Ipv4Addr::LOCALHOST,
        // A policy has no words for an IPv6 address.
        _ => false,
    };
    if bare && secure { Ok(url.origin().ascii_serialization()) } else { Err(refused()) }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_of_this_origin_or_of_one_that_is_allowed() {
        let none = ImageOrigins::default();
        let some = ImageOrigins::parse("https://cdn.example.com,http://127.0.0.1:9000").unwrap();
        for picture in ["/pictures/a.svg", "/a%20b.png?v=2", "/.//x", "/\u{f6}.png"] {
            assert_eq!(none.check(picture), Ok(()), "{picture}");
        }
        for picture in [
            "https://cdn.example.com/a.png",
            "HTTPS://CDN.Example.com:443/a?b#c",
            "http://127.0.0.1:9000/",
        ] {
            assert_eq!(some.check(picture), Ok(()), "{picture}");
            assert!(none.check(picture).is_err(), "{picture}");
        }
        for wrong in [
            "",
            "a.png",
            "//cdn.example.com/a.png",
            "/\\cdn.example.com/a.png",
            "/a b.png",
            "/a\n.png",
            "https:\\\\cdn.example.com/a.png",
            "http://cdn.example.com/a.png",
            "https://cdn.example.com.evil.example/a.png",
            "https://cdn.example.com@evil.example/a.png",
            "https://ada@cdn.example.com/a.png",
            "https://cdn.example.com:8443/a.png",
            "https:cdn.example.com/a.png",
            "https:/cdn.example.com/a.png",
            "https:///cdn.example.com/a.png",
            "blob:https://cdn.example.com/a",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            &format!("/{}", "x".repeat(2_048)),
        ] {
            assert!(some.check(wrong).is_err(), "{wrong}");
        }
        assert_eq!(none.check(&format!("/{}", "\u{f6}".repeat(2_047))), Ok(()));
    }

    #[test]
    fn a_refused_picture_names_what_is_allowed_and_the_setting_that_allows_more() {
        let some = ImageOrigins::parse("https://cdn.example.com").unwrap();
        let wrong = some.check("https://evil.example/a.png").unwrap_err();
        for part in ["https://cdn.example.com", "STAMPEDE_IMAGE_ORIGINS"] {
            assert!(wrong.contains(part), "{wrong}");
        }
        let none = ImageOrigins::default().check("x").unwrap_err();
        assert!(none.contains("allowed origins: none"), "{none}");
    }

    #[test]
    fn an_origin_is_https_or_loopback_and_nothing_that_could_widen_the_policy() {
        let text = "https://CDN.example.com , http://localhost:9000,https://192.0.2.7:8443,";
        let origins = ImageOrigins::parse(text).unwrap();
        let each = ["https://cdn.example.com", "http://localhost:9000", "https://192.0.2.7:8443"];
        assert!(origins.each().eq(each), "{origins:?}");
        assert_eq!(ImageOrigins::parse("").unwrap(), ImageOrigins::default());
        for wrong in [
            "*",
            "cdn.example.com",
            "http://cdn.example.com",
            "https://cdn.example.com/pictures",
            "https://ada@cdn.example.com",
            "https://*.example.com",
            "https://a;script-src",
            "https://[::1]:9000",
            "data:",
            "https:",
        ] {
            let refused = ImageOrigins::parse(&format!("https://ok.example,{wrong}"));
            assert_eq!(refused, Err(ImageOriginsError(wrong.into())), "{wrong}");
        }
    }
}
