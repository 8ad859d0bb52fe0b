//! Places and stock, its history, and what sets it aside.

use super::{BARCODE, METADATA, Model, NOTES, aside, at, day, decimal, file, flag, int, json, line, text, user};

pub static PLACES: &[Model] = &[
    Model {
        name: "stock.stocklocationtype",
        table: "stock_location_type",
        fields: &[METADATA, text("name"), text("description"), text("icon")],
        ..Model::BASE
    },
    Model {
        name: "stock.stocklocation",
        table: "stock_location",
        parent: Some("parent"),
        fields: &[
            METADATA,
            text("name"),
            text("description"),
            int("parent"),
            text("pathstring").shown("t.pathstring"),
            BARCODE[0],
            BARCODE[1],
            text("custom_icon"),
            int("owner"),
            flag("structural"),
            flag("external"),
            int("location_type"),
        ],
        ..Model::BASE
    },
];

pub static STOCK: &[Model] = &[
    Model {
        name: "stock.stockitem",
        table: "stock_item",
        parent: Some("parent"),
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            at("updated"),
            int("parent"),
            int("part"),
            int("supplier_part"),
            int("location"),
            text("packaging"),
            int("belongs_to"),
            int("customer"),
            text("serial"),
            int("serial_int"),
            text("link"),
            text("batch"),
            decimal("quantity", 5),
            int("build"),
            int("consumed_by"),
            flag("is_building"),
            int("purchase_order"),
            int("sales_order"),
            day("expiry_date"),
            day("stocktake_date"),
            user("stocktake_user"),
            at("creation_date"),
            flag("delete_on_deplete"),
            int("status"),
            text("purchase_price_currency"),
            decimal("purchase_price", 6),
            int("owner"),
            int("status_custom_key"),
        ],
        ..Model::BASE
    },
    Model {
        name: "stock.stockitemtracking",
        table: "stock_tracking",
        fields: &[int("tracking_type"), int("item"), int("part"), at("date"), NOTES, user("user"), json("deltas")],
        ..Model::BASE
    },
    Model {
        name: "stock.stockitemtestresult",
        table: "stock_test_result",
        fields: &[
            METADATA,
            int("stock_item"),
            int("template"),
            flag("result"),
            text("value"),
            file("attachment"),
            NOTES,
            user("user"),
            text("test_station"),
            at("started_datetime"),
            at("finished_datetime"),
            at("date"),
        ],
        ..Model::BASE
    },
    Model {
        name: "build.builditem",
        table: "build_item",
        fields: &[METADATA, int("build_line"), int("stock_item"), decimal("quantity", 5), int("install_into")],
        ..Model::BASE
    },
    Model {
        name: "order.salesorderallocation",
        table: "sales_order_allocation",
        fields: &[int("line"), int("shipment"), int("item"), decimal("quantity", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.transferorderallocation",
        table: "transfer_order_allocation",
        fields: &[int("line"), int("item"), decimal("quantity", 5)],
        ..Model::BASE
    },
    Model {
        name: "order.returnorderlineitem",
        table: "return_order_line",
        fields: line![
            int("item"),
            day("received_date"),
            int("outcome"),
            text("price_currency"),
            decimal("price", 6),
            aside("outcome_custom_key", "null"),
        ],
        ..Model::BASE
    },
];
