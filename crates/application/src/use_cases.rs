//! The use cases, one a file, named verb and noun.
