//! What the demo adds to a server: sales to look at, and a crowd that buys.

mod crowd;
mod offer;
mod shop;
mod welcome;

pub(crate) use crowd::Crowd;
pub(crate) use shop::Shop;
pub(crate) use welcome::{Place, Welcome};
