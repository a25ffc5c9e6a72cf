//! What the demo prints: where it is, its key, what to try.

use std::{fmt, net::SocketAddr};

use stampede_application::live_sales::LiveSale;
use stampede_domain::State;

/// Where the demo listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// The port that was wanted, if somebody else has it.
    pub(crate) taken: Option<u16>,
}

/// The block that the demo prints.
pub(crate) struct Welcome<'a> {
    /// Where it listens.
    pub(crate) place: Place,
    /// What admins send.
    pub(crate) admin_key: &'a str,
    /// Open sales, the live one first.
    pub(crate) sales: &'a [std::sync::Arc<LiveSale>],
    /// What becomes of the data.
    pub(crate) data: &'a str,
}

impl fmt::Display for Welcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = format!("http://{}", self.place.address);
        writeln!(f)?;
        if let Some(taken) = self.place.taken {
            let port = self.place.address.port();
            writeln!(f, "  Port {taken} is taken, so this is port {port}.")?;
        }
        writeln!(f, "  Stampede is open: {base}")?;
        writeln!(f)?;
        for sale in self.sales {
            let when = match sale.phase.state {
                State::Active => "on sale now  ".to_owned(),
                State::Upcoming => format!("starts at {}", sale.sale.window.start),
                State::Ended => "over".to_owned(),
            };
            let (sku, name) = (&sale.sale.id.sku, &sale.sale.product_name);
            writeln!(f, "    {sku}  {name}, {} left, {}", sale.stock, when.trim())?;
        }
        writeln!(f)?;
        writeln!(f, "  Admin:     {base}/admin")?;
        writeln!(f, "  Admin key: {} (the API takes it as X-Admin-Key)", self.admin_key)?;
        writeln!(f, "  API:       {base}/api/docs")?;
        if let Some(sale) = self.sales.first() {
            let sku = &sale.sale.id.sku;
            writeln!(f, "\n  Buy one:")?;
            writeln!(
                f,
                "    curl -s {base}/api/v1/purchases -H 'Content-Type: application/json' \
                 -H 'X-User-Id: you' -d '{{\"sku\":\"{sku}\"}}'"
            )?;
            writeln!(f, "  Watch the stock:")?;
            writeln!(f, "    curl -sN '{base}/api/v1/sales/events?sku={sku}'")?;
        }
        writeln!(f, "\n  Simulated buyers come and go. {}", self.data)?;
        writeln!(f)
    }
}
