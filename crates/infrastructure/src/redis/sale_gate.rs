//! The gate over Redis: one script a request, under the fence.

use std::{rc::Rc, sync::Arc};

use async_trait::async_trait;
use redis::{Cmd, Value};
use stampede_application::ports::{
    Aligned, Amended, Audit, Change, Changed, Entry, EntryBody, EntryId, GateLane, Held, Holding,
    HoldingsCursor, HoldingsPage, PortError, Rebuilt, RecordedChange, Repaired, SaleGate, Snapshot,
};
use stampede_domain::{
    Acknowledgement, BuyerId, Epoch, RecordedPurchase, Sale, SaleId, Shard, Version,
};

use super::{
    attempt::BATCH_MAX,
    connections::Connections,
    entry::pairs,
    failure::{NotNow, STORE, inconsistent, unavailable},
    fence::{Refusal, Reply, Undecodable, parse_epoch},
    gatehouse::{Gatehouse, Tried},
    head::{self, Fields, State},
    lane::RedisLane,
    link::{self, Link},
    listing::{Mark, list},
    price, record,
    restore::Restored,
    room,
    script::{
        AMEND, AUDIT, Answer, CHANGE, Call, HOLDINGS, OPEN, PURCHASES, REPAIR, SNAPSHOT, send_once,
    },
};

/// Buyers that one part of a scan names, about.
const HOLDINGS_COUNT: usize = 500;

/// Judges in Redis; restores itself from the ledger.
pub struct RedisSaleGate {
    connections: Arc<Connections>,
    gatehouse: Arc<Gatehouse>,
}

impl RedisSaleGate {
    pub(super) fn new(connections: Arc<Connections>, gatehouse: Arc<Gatehouse>) -> Self {
        Self { connections, gatehouse }
    }

    fn link(&self) -> &Link {
        &self.connections.shared
    }

    async fn call(&self, id: &SaleId, call: &Call<'_>) -> Result<Option<Answer>, PortError> {
        self.gatehouse.call(self.link(), id, call).await
    }

    /// The state that a script replies; `None` if there is no such sale.
    async fn state(&self, id: &SaleId, call: &Call<'_>) -> Result<Option<State>, PortError> {
        let Some(answer) = self.call(id, call).await? else { return Ok(None) };
        State::read(answer.value).map(Some).map_err(inconsistent)
    }

    /// What a script replies after `O` and the time; `None` if there is no such sale.
    async fn fields(&self, id: &SaleId, call: &Call<'_>) -> Result<Option<Fields>, PortError> {
        let Some(answer) = self.call(id, call).await? else { return Ok(None) };
        fields_of(answer).map(Some)
    }

    /// Opens a sale that was never open; one that has a past is restored.
    async fn open_new(&self, sale: &Sale, epoch: Epoch) -> Result<Option<Snapshot>, PortError> {
        let known = self.gatehouse.registry.sale(&sale.id);
        let definition = definition(sale)?;
        let write = |command: &mut Cmd| {
            command.arg(epoch.first_version().0).arg(sale.initial_stock);
            head::write_sale(sale, &definition, command);
        };
        let call = Call { script: &OPEN, size: (10, definition.len() + 128), write: &write };
        let timeout = self.gatehouse.response_timeout_ms;
        // Its answer lost, another server may be asked by now: an empty one would open it as well,
        // where a restore takes another epoch.
        let sent = send_once(self.link(), timeout, &known, Some(epoch), &call).await?;
        match sent.reply {
            Reply::Done(value) => {
                known.set_epoch(epoch);
                Ok(Some(State::read(value).map_err(inconsistent)?.snapshot))
            }
            Reply::Refused(Refusal::Late) => Err(NotNow::Late.into()),
            Reply::Refused(Refusal::NotMaster) => {
                self.link().drop_broken(&sent.live).await;
                Err(NotNow::NotMaster.into())
            }
            Reply::Refused(
                Refusal::OtherGeneration
                | Refusal::Deleted
                | Refusal::OtherEpoch(_)
                | Refusal::Closed(_)
                | Refusal::Newer,
            ) => Ok(None),
        }
    }
}

/// What a script replied after `O` and the time.
fn fields_of(answer: Answer) -> Result<Fields, PortError> {
    let mut fields = Fields::of(answer.value).map_err(inconsistent)?;
    fields.value().and_then(|_| fields.value()).map_err(inconsistent)?;
    Ok(fields)
}

#[async_trait]
impl SaleGate for RedisSaleGate {
    fn acknowledges(&self) -> Acknowledgement {
        Acknowledgement::Gate
    }

    async fn room(&self) -> Result<Option<u64>, PortError> {
        room::room(self.link()).await
    }

    fn lane(&self) -> Rc<dyn GateLane> {
        Rc::new(RedisLane::new(self.gatehouse.clone(), self.connections.link()))
    }

    async fn open(&self, sale: &Sale, epoch: Epoch) -> Result<Snapshot, PortError> {
        // A sale that has sold, or lived through a restore, is not new: what this Redis had of it
        // may be gone, and making its head from nothing would sell it twice.
        let recorded = self.gatehouse.restorer.recorded(&sale.id).await?;
        let is_new = recorded.is_some_and(|row| row.epoch == epoch && row.sold == 0);
        if is_new && let Some(snapshot) = self.open_new(sale, epoch).await? {
            return Ok(snapshot);
        }
        self.snapshot(&sale.id).await?.ok_or_else(|| NotNow::Unsettled.into())
    }

    async fn snapshot(&self, id: &SaleId) -> Result<Option<Snapshot>, PortError> {
        Ok(self.state(id, &Call::plain(&SNAPSHOT)).await?.map(|state| state.snapshot))
    }

    async fn purchases(&self, id: &SaleId, buyer: &BuyerId) -> Result<Option<Held>, PortError> {
        let write = |command: &mut Cmd| {
            command.arg(buyer.as_str());
        };
        let call = Call { script: &PURCHASES, size: (1, buyer.as_str().len()), write: &write };
        let Some(Answer { value, epoch, .. }) = self.call(id, &call).await? else {
            return Ok(None);
        };
        let held = held(value, epoch, self.gatehouse.acknowledge);
        held.map(Some).map_err(inconsistent)
    }

    async fn change(&self, id: &SaleId, change: Change) -> Result<Changed, PortError> {
        let word = match change {
            Change::Pause => "pause",
            Change::Resume => "resume",
            Change::End => "end",
        };
        let write = |command: &mut Cmd| {
            command.arg(word);
        };
        let call = Call { script: &CHANGE, size: (1, 0), write: &write };
        match self.state(id, &call).await? {
            Some(state) => changed(state).map_err(inconsistent),
            None => Ok(Changed::UnknownSale),
        }
    }

    async fn amend(&self, sale: &Sale, epoch: Epoch, seen: Version) -> Result<Amended, PortError> {
        let definition = definition(sale)?;
        let write = |command: &mut Cmd| {
            command.arg(seen.0).arg(sale.initial_stock);
            head::write_sale(sale, &definition, command);
        };
        let call = Call { script: &AMEND, size: (10, definition.len() + 128), write: &write };
        let mut fields = match self.gatehouse.try_in(self.link(), &sale.id, epoch, &call).await? {
            Tried::Done(answer) => fields_of(answer)?,
            Tried::OtherLife => return Ok(Amended::OtherLife),
            Tried::UnknownSale => return Ok(Amended::UnknownSale),
        };
        match fields.text().map_err(inconsistent)?.as_str() {
            "applied" => Ok(Amended::Applied(Version(fields.number().map_err(inconsistent)?))),
            "not upcoming" => Ok(Amended::NotUpcoming),
            "moved" => Ok(Amended::Moved),
            _ => Err(inconsistent(Undecodable("what became of an amendment"))),
        }
    }

    async fn forget(&self, id: &SaleId, epoch: Epoch) -> Result<(), PortError> {
        self.gatehouse.restorer.forget(id, epoch).await
    }

    async fn listed(&self, shard: Shard) -> Result<Vec<SaleId>, PortError> {
        let keys = &self.gatehouse.registry.keys;
        let listed = list(&self.connections, keys, shard).await.map_err(unavailable)?;
        let here = listed.into_iter().filter(|(_, line)| line.mark != Mark::Deleted);
        Ok(here.map(|(sku, line)| SaleId { sku, generation: line.generation }).collect())
    }

    async fn shut(&self, id: &SaleId) -> Result<(), PortError> {
        self.gatehouse.shut(self.link(), id).await
    }

    async fn holdings(
        &self,
        id: &SaleId,
        from: Option<&HoldingsCursor>,
    ) -> Result<Option<HoldingsPage>, PortError> {
        let cursor = from.map_or("0", |cursor| cursor.0.as_str());
        let write = |command: &mut Cmd| {
            command.arg(cursor).arg(HOLDINGS_COUNT);
        };
        let call = Call { script: &HOLDINGS, size: (2, 0), write: &write };
        let Some(mut fields) = self.fields(id, &call).await? else { return Ok(None) };
        holdings_page(&mut fields).map(Some).map_err(inconsistent)
    }

    async fn repair(
        &self,
        id: &SaleId,
        lost: &[RecordedPurchase],
    ) -> Result<Vec<Repaired>, PortError> {
        let mut repaired = Vec::with_capacity(lost.len());
        for part in lost.chunks(BATCH_MAX) {
            let write = |command: &mut Cmd| record::write_items(part, command);
            let size = (2 * part.len(), 96 * part.len());
            let call = Call { script: &REPAIR, size, write: &write };
            let Some(mut fields) = self.fields(id, &call).await? else {
                repaired.resize(repaired.len() + part.len(), Repaired::Refused);
                continue;
            };
            for letter in fields.bytes().map_err(inconsistent)? {
                repaired.push(match letter {
                    b'A' => Repaired::Added,
                    b'P' => Repaired::Present,
                    _ => Repaired::Refused,
                });
            }
        }
        Ok(repaired)
    }

    async fn audit(&self, id: &SaleId) -> Result<Option<Audit>, PortError> {
        let Some(state) = self.state(id, &Call::plain(&AUDIT)).await? else { return Ok(None) };
        let State { snapshot, epoch, position, at, extra } = state;
        let mut extra = extra.into_iter().map(link::bytes);
        let (counted, found) = (extra.next().flatten(), extra.next().flatten());
        let units = u64::from(snapshot.stock) + u64::from(snapshot.sold);
        let consistent = counted.is_some()
            && counted == found
            && units == u64::from(snapshot.sale.initial_stock);
        Ok(Some(Audit { snapshot, consistent, epoch, position, at }))
    }

    async fn align(&self, id: &SaleId, epoch: Epoch) -> Result<Aligned, PortError> {
        self.gatehouse.align(self.link(), id, epoch).await
    }

    async fn rebuild(&self, id: &SaleId) -> Result<Rebuilt, PortError> {
        let known = self.gatehouse.registry.sale(id);
        match self.gatehouse.restorer.rebuild(&known).await? {
            Restored::Open(rebuilt) => Ok(*rebuilt),
            Restored::Gone => Err(NotNow::Interrupted.into()),
        }
    }
}

fn definition(sale: &Sale) -> Result<String, PortError> {
    head::definition(sale).map_err(|error| PortError::inconsistent(STORE, error))
}

/// Reads what `lua/purchases.lua` says on a node of that level.
fn held(reply: Value, epoch: Epoch, level: Acknowledgement) -> Result<Held, Undecodable> {
    let mut fields = Fields::of(reply)?;
    fields.value().and_then(|_| fields.value())?;
    let price = price::read(&fields.bytes()?)?;
    let asked = match fields.text()?.as_str() {
        "gate" => Acknowledgement::Gate,
        // A level that only newer versions know is more than this gate's word.
        _ => Acknowledgement::Ledger,
    };
    let purchases = record::read(&fields.bytes()?, price)?;
    Ok(Held { purchases, epoch, acknowledge: asked.max(level) })
}

/// Reads what `lua/change.lua` says besides the state.
fn changed(state: State) -> Result<Changed, Undecodable> {
    const WRONG: Undecodable = Undecodable("what became of a change");
    let State { snapshot, epoch, extra, .. } = state;
    let mut extra = extra.into_iter().map(link::bytes);
    let id = match extra.next().flatten().as_deref() {
        Some(b"ended") => return Ok(Changed::Ended { snapshot, epoch }),
        Some(b"unchanged") => None,
        Some(b"applied") => {
            let id = extra.next().flatten().ok_or(WRONG)?;
            Some(EntryId(String::from_utf8(id).map_err(|_| WRONG)?))
        }
        Some(_) | None => return Err(WRONG),
    };
    let recorded = RecordedChange { sale: snapshot.sale.clone(), epoch, version: snapshot.version };
    let entry = Entry { id, body: EntryBody::Change(Box::new(recorded)) };
    Ok(Changed::Applied { snapshot, epoch, entry })
}

fn holdings_page(fields: &mut Fields) -> Result<HoldingsPage, Undecodable> {
    let epoch = parse_epoch(&fields.text()?).ok_or(Undecodable("an epoch"))?;
    let price = price::read(&fields.bytes()?)?;
    let next = fields.text()?;
    let Value::Array(page) = fields.value()? else {
        return Err(Undecodable("a part of the buyers"));
    };
    let mut holdings: Vec<Holding> = Vec::with_capacity(page.len() / 2);
    for (buyer, record) in pairs(page).ok_or(Undecodable("a buyer"))? {
        let buyer = String::from_utf8(buyer).ok().and_then(|name| BuyerId::parse(&name).ok());
        holdings.push((buyer.ok_or(Undecodable("a buyer"))?, record::read(&record, price)?));
    }
    let next = (next != "0").then_some(HoldingsCursor(next));
    Ok(HoldingsPage { holdings, epoch, next })
}
