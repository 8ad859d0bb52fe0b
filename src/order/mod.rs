//! Orders: purchases, sales, returns and transfers. What all kinds share stands in `kind`, `state`, `line` and `fields`.

pub mod allocation;
pub mod auto;
pub mod calendar;
pub mod fields;
pub mod kind;
pub mod line;
pub mod purchase;
pub mod purchase_line;
pub mod receive;
pub mod reference;
pub mod return_;
pub mod sales;
pub mod sales_line;
pub mod shipment;
pub mod state;
pub mod total;
pub mod transfer;

pub use purchase::PURCHASE_ORDER;
pub use return_::RETURN_ORDER;
pub use sales::SALES_ORDER;
pub use shipment::SHIPMENT;
pub use transfer::TRANSFER_ORDER;
