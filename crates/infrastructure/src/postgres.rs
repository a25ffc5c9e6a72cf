//! The Postgres ledger and catalogue.
