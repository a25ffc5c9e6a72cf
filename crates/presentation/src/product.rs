//! A product as an admin sees it.

use serde::Serialize;
use stampede_application::use_cases::{ProductView, Revision};
use utoipa::ToSchema;

use crate::{
    purchase::AcknowledgementWord,
    sale_status::{SaleEndReason, SaleState},
};

/// A product with its counters.
#[expect(clippy::struct_field_names, reason = "the wire says productName")]
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    #[schema(example = "WIDGET-001")]
    sku: String,
    product_name: String,
    /// What it is, in plain text; null if nothing is said.
    #[schema(required, example = "Hand-thrown, dishwasher-safe.")]
    description: Option<String>,
    /// Where its picture is: a path of this origin or a URL of an allowed one; null if it has none.
    #[schema(required, example = "/pictures/widget-001.svg")]
    picture: Option<String>,
    /// What one unit costs, in the smallest unit of `currency`; null if no price is set.
    #[schema(required, minimum = 0, example = 2_999)]
    price_minor: Option<i64>,
    /// ISO 4217; null if no price is set.
    #[schema(required, example = "EUR")]
    currency: Option<String>,
    initial_stock: u32,
    #[schema(format = DateTime)]
    start_time: String,
    #[schema(format = DateTime)]
    end_time: String,
    limit_per_buyer: u32,
    acknowledge: AcknowledgementWord,
    state: SaleState,
    /// Why it ended; null before.
    #[schema(required)]
    end_reason: Option<SaleEndReason>,
    paused: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// Units that nobody holds.
    current_stock: u32,
    /// Units decided as sold.
    total_purchases: u32,
    /// Units in the ledger; in the answers that read a product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    persisted_purchases: Option<u32>,
    /// Raised by every written change.
    version: u64,
}

impl Product {
    /// The product as a change left it: the ledger was not asked.
    pub(crate) fn changed(view: &ProductView) -> Self {
        let sale = &view.sale;
        Self {
            sku: sale.id.sku.to_string(),
            product_name: sale.product_name.clone(),
            description: sale.description.clone(),
            picture: sale.picture.clone(),
            price_minor: sale.price.map(|price| price.minor),
            currency: sale.price.map(|price| price.currency.to_string()),
            initial_stock: sale.initial_stock,
            start_time: sale.window.start.to_string(),
            end_time: sale.window.end.to_string(),
            limit_per_buyer: sale.limit_per_buyer,
            acknowledge: sale.acknowledge.into(),
            state: view.phase.state.into(),
            end_reason: view.phase.end_reason.map(Into::into),
            paused: sale.paused,
            created_at: sale.created_at.to_string(),
            current_stock: view.current_stock,
            total_purchases: view.total_purchases,
            persisted_purchases: None,
            version: view.version.0,
        }
    }

    /// The product with what the ledger has of it.
    pub(crate) fn read(view: &ProductView) -> Self {
        Self { persisted_purchases: Some(view.persisted_purchases), ..Self::changed(view) }
    }
}

/// What `ETag` says of a product, and `If-Match` sends back, without quotes.
pub(crate) fn tag(revision: Revision) -> String {
    format!("{}-{}", revision.generation, revision.version)
}

/// The revision that a tag names; `None` if it is none of ours, and so matches nothing.
pub(crate) fn revision(tag: &str) -> Option<Revision> {
    let (generation, version) = tag.rsplit_once('-')?;
    Some(Revision {
        generation: stampede_domain::Generation(generation.parse().ok()?),
        version: stampede_domain::Version(version.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use stampede_domain::{Generation, Version};

    use super::*;

    #[test]
    fn a_tag_names_its_revision() {
        let generation = Generation(uuid::Uuid::from_bytes([7; 16]));
        let here = Revision { generation, version: Version(3_000_000_014) };
        assert_eq!(revision(&tag(here)), Some(here));
        assert_eq!(revision("7"), None);
    }
}
