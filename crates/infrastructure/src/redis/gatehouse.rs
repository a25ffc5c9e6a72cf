//! Sends scripts for sales and does what a refusal asks for.
//!
//! Only `CLOSED` leads to a restore. Everything else is answered by another try under the right
//! epoch, by "unknown sale", or by "not now".

use std::sync::Arc;

use opentelemetry::trace::SpanKind;
use stampede_application::ports::{Aligned, Causes, PortError};
use stampede_domain::{Acknowledgement, Epoch, SaleId};

use super::{
    failure::{NotNow, inconsistent},
    fence::{Refusal, Reply},
    head::State,
    link::{Link, Live},
    registry::{KnownSale, Registry},
    restore::{RestoreReason, Restored, Restorer},
    script::{Answer, Call, SHUT, SNAPSHOT, send},
};
use crate::watched::{error_type, fail, within};

/// How often one request is sent again because the sale moved to another epoch meanwhile.
const TURNS_MAX: usize = 4;

/// What every lane and every other caller of scripts shares.
pub(super) struct Gatehouse {
    pub(super) registry: Arc<Registry>,
    pub(super) restorer: Arc<Restorer>,
    pub(super) response_timeout_ms: i64,
    /// What this node's answers must have survived, even if a sale asks for less.
    pub(super) acknowledge: Acknowledgement,
}

/// What came of a script that one life of a gate alone may run.
pub(super) enum Tried {
    Done(Answer),
    /// The gate is in another life, or in none, and has run nothing.
    OtherLife,
    UnknownSale,
}

/// What to do after a refusal.
enum Next {
    SendAgain,
    UnknownSale,
}

impl Gatehouse {
    /// Runs a script under the fence; `None` if there is no such sale.
    pub(super) async fn call(
        &self,
        link: &Link,
        id: &SaleId,
        call: &Call<'_>,
    ) -> Result<Option<Answer>, PortError> {
        let sale = self.registry.sale(id);
        let mut resent = false;
        for _ in 0..TURNS_MAX {
            let epoch = match sale.epoch() {
                Some(epoch) => epoch,
                None => match self.state(link, &sale).await? {
                    Some(state) => state.epoch,
                    None => return Ok(None),
                },
            };
            let span = within("redis.script", SpanKind::Client);
            let sent = send(link, self.response_timeout_ms, &sale, Some(epoch), call).await;
            let sent = sent.map_err(PortError::from);
            if let (Some(mut span), Err(error)) = (span, &sent) {
                fail(&mut span, error_type(error), Causes(error).to_string());
            }
            let sent = sent?;
            resent |= sent.resent;
            match sent.reply {
                Reply::Done(value) => return Ok(Some(Answer { value, epoch, resent })),
                Reply::Refused(refusal) => {
                    match self.after_refusal(link, &sale, &sent.live, refusal).await? {
                        Next::SendAgain => {}
                        Next::UnknownSale => return Ok(None),
                    }
                }
            }
        }
        Err(NotNow::Unsettled.into())
    }

    /// Runs a script in the life `epoch` of the sale's gate alone; `None` if there is no such sale.
    /// A gate in another life is restored if the ledger is in another too, and runs nothing.
    pub(super) async fn call_in(
        &self,
        link: &Link,
        id: &SaleId,
        epoch: Epoch,
        call: &Call<'_>,
    ) -> Result<Option<Answer>, PortError> {
        let sale = self.registry.sale(id);
        for _ in 0..TURNS_MAX {
            let sent = send(link, self.response_timeout_ms, &sale, Some(epoch), call).await?;
            let refusal = match sent.reply {
                Reply::Done(value) => {
                    return Ok(Some(Answer { value, epoch, resent: sent.resent }));
                }
                Reply::Refused(refusal) => refusal,
            };
            match self.after_refusal(link, &sale, &sent.live, refusal).await? {
                Next::SendAgain if sale.epoch() == Some(epoch) => {}
                Next::SendAgain => break,
                Next::UnknownSale => return Ok(None),
            }
        }
        Err(NotNow::Unsettled.into())
    }

    /// Runs a script in the life `epoch` of the sale's gate alone, and restores nothing: the caller
    /// holds the row that a restore would need.
    pub(super) async fn try_in(
        &self,
        link: &Link,
        id: &SaleId,
        epoch: Epoch,
        call: &Call<'_>,
    ) -> Result<Tried, PortError> {
        let sale = self.registry.sale(id);
        let sent = send(link, self.response_timeout_ms, &sale, Some(epoch), call).await?;
        match sent.reply {
            Reply::Done(value) => Ok(Tried::Done(Answer { value, epoch, resent: sent.resent })),
            Reply::Refused(Refusal::OtherEpoch(_) | Refusal::Closed(_)) => Ok(Tried::OtherLife),
            Reply::Refused(Refusal::OtherGeneration | Refusal::Deleted) => Ok(Tried::UnknownSale),
            Reply::Refused(Refusal::Late) => Err(NotNow::Late.into()),
            Reply::Refused(Refusal::Newer) => Err(NotNow::Newer.into()),
            Reply::Refused(Refusal::NotMaster) => {
                link.drop_broken(&sent.live).await;
                Err(NotNow::NotMaster.into())
            }
        }
    }

    /// Sees to it that the gate is in the life that the ledger is in, seen as `epoch`.
    pub(super) async fn align(
        &self,
        link: &Link,
        id: &SaleId,
        epoch: Epoch,
    ) -> Result<Aligned, PortError> {
        let sale = self.registry.sale(id);
        let call = Call::plain(&SNAPSHOT);
        let sent = send(link, self.response_timeout_ms, &sale, Some(epoch), &call).await?;
        match sent.reply {
            Reply::Done(_) => Ok(Aligned::Already),
            Reply::Refused(refusal) => {
                match self.after_refusal(link, &sale, &sent.live, refusal).await? {
                    Next::SendAgain => Ok(Aligned::Restored),
                    Next::UnknownSale => Ok(Aligned::Unknown),
                }
            }
        }
    }

    /// Shuts a sale that the ledger does not know, in whatever life it is met.
    pub(super) async fn shut(&self, link: &Link, id: &SaleId) -> Result<(), PortError> {
        let sale = self.registry.sale(id);
        let call = Call::plain(&SHUT);
        let sent = send(link, self.response_timeout_ms, &sale, None, &call).await?;
        self.registry.remove(id);
        match sent.reply {
            // What is of another creation, or gone, answers for no such sale already.
            Reply::Done(_) | Reply::Refused(Refusal::OtherGeneration | Refusal::Deleted) => Ok(()),
            Reply::Refused(Refusal::NotMaster) => {
                link.drop_broken(&sent.live).await;
                Err(NotNow::NotMaster.into())
            }
            Reply::Refused(
                Refusal::Late | Refusal::OtherEpoch(_) | Refusal::Closed(_) | Refusal::Newer,
            ) => Err(NotNow::Late.into()),
        }
    }

    /// The sale as it stands, whatever its epoch; learns the epoch. `None` if there is none.
    pub(super) async fn state(
        &self,
        link: &Link,
        sale: &Arc<KnownSale>,
    ) -> Result<Option<State>, PortError> {
        for _ in 0..TURNS_MAX {
            let call = Call::plain(&SNAPSHOT);
            let sent = send(link, self.response_timeout_ms, sale, sale.epoch(), &call).await?;
            match sent.reply {
                Reply::Done(value) => {
                    let state = State::read(value).map_err(inconsistent)?;
                    sale.set_epoch(state.epoch);
                    return Ok(Some(state));
                }
                Reply::Refused(refusal) => {
                    match self.after_refusal(link, sale, &sent.live, refusal).await? {
                        Next::SendAgain => {}
                        Next::UnknownSale => return Ok(None),
                    }
                }
            }
        }
        Err(NotNow::Unsettled.into())
    }

    async fn after_refusal(
        &self,
        link: &Link,
        sale: &Arc<KnownSale>,
        live: &Live,
        refusal: Refusal,
    ) -> Result<Next, PortError> {
        let restored = match refusal {
            Refusal::Late => return Err(NotNow::Late.into()),
            Refusal::Newer => return Err(NotNow::Newer.into()),
            Refusal::NotMaster => {
                link.drop_broken(live).await;
                return Err(NotNow::NotMaster.into());
            }
            Refusal::OtherGeneration | Refusal::Deleted => {
                self.registry.remove(&sale.id);
                return Ok(Next::UnknownSale);
            }
            Refusal::OtherEpoch(head) => match self.restorer.recorded(&sale.id).await? {
                Some(row) if row.epoch == head => {
                    sale.set_epoch(head);
                    return Ok(Next::SendAgain);
                }
                Some(_) => {
                    let reason = RestoreReason::OtherEpoch;
                    self.restorer.restore(sale, Some(head), reason).await?
                }
                None => Restored::Gone,
            },
            Refusal::Closed(head) => {
                self.restorer.restore(sale, head, RestoreReason::Closed).await?
            }
        };
        Ok(match restored {
            Restored::Open(_) => Next::SendAgain,
            Restored::Gone => {
                self.registry.remove(&sale.id);
                Next::UnknownSale
            }
        })
    }
}
