//! `stampede openapi`.

/// The document of the API, as it is served and committed.
pub(super) fn document() -> String {
    let document = stampede_presentation::openapi_json();
    if document.ends_with('\n') { document } else { document + "\n" }
}
