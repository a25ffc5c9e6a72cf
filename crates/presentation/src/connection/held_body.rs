//! The body of an answer, whose request is in hand until all of it was given away.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;

use super::pace::InHand;

/// A body with the request that it answers.
pub(crate) struct HeldBody<B> {
    body: B,
    /// `None` without a connection of ours, as in a test of the routes alone.
    _in_hand: Option<InHand>,
}

impl<B> HeldBody<B> {
    /// Holds the request until this is dropped.
    pub(crate) fn new(body: B, in_hand: Option<InHand>) -> Self {
        Self { body, _in_hand: in_hand }
    }
}

impl<B: MessageBody + Unpin> MessageBody for HeldBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
