//! A shop with at least one object of every kind, for tests that go through all addresses. Every object that people name has its kind in its
//! name, between `«` and `»`: so an answer tells of which kinds it tells something.

use std::cell::RefCell;

use serde_json::{Value, json};
use stockroom::engine::describe::Resource;
use stockroom::router::RESOURCES;

use super::Shop;
use super::goods::with;

/// Whose objects are nobody's who asks.
pub const OTHER: &str = "store";

/// What carries attachments: model, table.
pub const CARRIERS: [(&str, &str); 13] = [
    ("build", "build"),
    ("company", "company"),
    ("manufacturerpart", "manufacturer_part"),
    ("supplierpart", "supplier_part"),
    ("purchaseorder", "purchase_order"),
    ("returnorder", "return_order"),
    ("salesorder", "sales_order"),
    ("salesordershipment", "sales_order_shipment"),
    ("transferorder", "transfer_order"),
    ("part", "part"),
    ("stockitem", "stock_item"),
    ("partcategory", "part_category"),
    ("stocklocation", "stock_location"),
];

impl Shop {
    /// Makes one of everything; gives what was posted to which list, in order.
    pub fn fill(&self) -> Vec<(String, Value)> {
        self.set("RETURNORDER_ENABLED", "true");
        self.set("TRANSFERORDER_ENABLED", "true");
        self.set("BARCODE_STORE_RESULTS", "true");
        let filler = Filler { shop: self, posted: RefCell::default() };
        let goods = filler.goods();
        filler.orders(&goods);
        filler.common(&goods);
        filler.people();
        filler.posted.into_inner()
    }
}

struct Filler<'a> {
    shop: &'a Shop,
    posted: RefCell<Vec<(String, Value)>>,
}

impl Filler<'_> {
    #[track_caller]
    fn make(&self, path: &str, body: Value) -> i64 {
        let made = self.shop.admin.post(&format!("/api/{path}/"), body.clone()).is(201);
        self.posted.borrow_mut().push((path.to_string(), body));
        let object = made.json.as_array().map_or(&made.json, |list| &list[0]);
        object["pk"].as_i64().or(object["id"].as_i64()).unwrap_or_default()
    }

    fn part(&self, name: &str, more: Value) -> i64 {
        self.make("part", with(json!({"name": name}), &more))
    }

    fn stock(&self, part: i64, quantity: i64, more: Value) -> i64 {
        self.make("stock", with(json!({"part": part, "quantity": quantity}), &more))
    }

    fn goods(&self) -> Goods {
        let kind = self.make("stock/location-type", json!({"name": "«locationtype»"}));
        let place =
            self.make("stock/location", json!({"name": "«stocklocation»", "location_type": kind, "description": "«stocklocation»"}));
        let room = self.make("stock/location", json!({"name": "«stocklocation» room", "parent": place}));
        let category = self.make("part/category", json!({"name": "«partcategory»", "default_location": place}));
        self.make("part/category", json!({"name": "«partcategory» below", "parent": category}));
        let flags = json!({
            "category": category, "assembly": true, "salable": true, "purchaseable": true, "testable": true, "description": "«part»",
            "IPN": "«part»-1", "default_location": place,
        });
        let part = self.part("«part»", with(flags.clone(), &json!({"is_template": true})));
        let variant = self.part("«part» variant", json!({"variant_of": part, "category": category, "trackable": true, "salable": true}));
        let leg = self.part("«part» leg", json!({"category": category, "component": true}));
        let spare = self.part("«part» spare", json!({"category": category, "component": true, "revision_of": leg, "revision": "B"}));
        self.make("part/related", json!({"part_1": part, "part_2": leg}));
        for path in ["part/sale-price", "part/internal-price"] {
            self.make(path, json!({"part": part, "quantity": 1, "price": 7}));
        }
        self.make("part/stocktake", json!({"part": part, "quantity": 3}));
        let test = self.make("part/test-template", json!({"part": part, "test_name": "«parttesttemplate»", "description": "d"}));
        let both = json!({"is_supplier": true, "is_customer": true, "is_manufacturer": true, "description": "«company»"});
        let company = self.make("company", with(json!({"name": "«company»", "currency": "USD"}), &both));
        let contact = self.make("company/contact", json!({"company": company, "name": "«contact»"}));
        let address = self.make("company/address", json!({"company": company, "title": "«address»", "line1": "«address»"}));
        let made = self.make("company/part/manufacturer", json!({"part": part, "manufacturer": company, "MPN": "«manufacturerpart»"}));
        let sold = json!({"part": part, "supplier": company, "SKU": "«supplierpart»", "manufacturer_part": made});
        let sold = self.make("company/part", sold);
        self.make("company/price-break", json!({"part": sold, "quantity": 1, "price": 2}));
        let bom = self.make("bom", json!({"part": part, "sub_part": leg, "quantity": 2, "reference": "«bomitem»", "note": "«bomitem»"}));
        self.make("bom/substitute", json!({"bom_item": bom, "part": spare}));
        let item = self.stock(part, 100, json!({"location": place, "supplier_part": sold, "batch": "«stockitem»", "notes": "«stockitem»"}));
        let serial = self.stock(variant, 1, json!({"location": room, "serial_numbers": "7"}));
        let legs = self.stock(leg, 50, json!({"location": place, "batch": "«stockitem» legs"}));
        let inside = self.stock(leg, 1, json!({"location": place}));
        self.shop.admin.post(&format!("/api/stock/{item}/install/"), json!({"stock_item": inside, "quantity": 1})).is(201);
        self.make("stock/test", json!({"stock_item": item, "template": test, "result": true, "value": "«stockitemtestresult»"}));
        Goods { place, category, part, leg, variant, company, contact, address, sold, bom, item, serial, legs }
    }

    fn orders(&self, it: &Goods) {
        let project = self.make("project-code", json!({"code": "«projectcode»", "description": "«projectcode»"}));
        let owner: i64 = self.shop.find(&format!("SELECT id FROM owner WHERE user = {}", self.shop.admin.id));
        let all = json!({"project_code": project, "contact": it.contact, "address": it.address, "responsible": owner});
        self.shop.admin.patch(&format!("/api/project-code/{project}/"), json!({"responsible": owner})).is(200);
        let own = |more: Value| with(all.clone(), &more);
        let act = |path: &str, body: Value| drop(self.shop.admin.post(&format!("/api/{path}/"), body).is(201));
        let sale = self.make("order/so", own(json!({"customer": it.company, "description": "«salesorder»"})));
        let line = self.make(
            "order/so-line",
            json!({"order": sale, "part": it.part, "quantity": 5, "reference": "«salesorderlineitem»", "project_code": project}),
        );
        self.make(
            "order/so-extra-line",
            json!({"order": sale, "quantity": 1, "price": 1, "description": "«salesorderextraline»", "project_code": project}),
        );
        let shipment =
            json!({"order": sale, "reference": "«salesordershipment»", "shipment_address": it.address, "checked_by": self.shop.admin.id});
        let shipment = self.make("order/so/shipment", shipment);
        let some = json!({"items": [{"line_item": line, "stock_item": it.item, "quantity": 2}], "shipment": shipment});
        act(&format!("order/so/{sale}/allocate"), some);
        let build = json!({
            "part": it.part, "quantity": 3, "title": "«build»", "sales_order": sale, "project_code": project, "destination": it.place,
            "take_from": it.place, "responsible": owner,
        });
        let build = self.make("build", build);
        let needed = self.shop.admin.get(&format!("/api/build/line/?build={build}")).is(200).numbers("pk")[0];
        act(&format!("build/{build}/create-output"), json!({"quantity": 1}));
        let some = json!({"items": [{"build_line": needed, "stock_item": it.legs, "quantity": 2}]});
        act(&format!("build/{build}/allocate"), some);
        let buy = self.make("order/po", own(json!({"supplier": it.company, "description": "«purchaseorder»", "destination": it.place})));
        let line = json!({"order": buy, "part": it.sold, "quantity": 5, "reference": "«purchaseorderlineitem»", "destination": it.place, "project_code": project});
        let line = self.make("order/po-line", line);
        self.make(
            "order/po-extra-line",
            json!({"order": buy, "quantity": 1, "price": 1, "description": "«purchaseorderextraline»", "project_code": project}),
        );
        act(&format!("order/po/{buy}/issue"), json!({}));
        act(&format!("order/po/{buy}/receive"), json!({"items": [{"line_item": line, "quantity": 1}], "location": it.place}));
        let gone = self.stock(it.part, 4, json!({"batch": "«stockitem» sold"}));
        act("stock/assign", json!({"items": [{"item": gone}], "customer": it.company}));
        let back = self.make("order/ro", own(json!({"customer": it.company, "description": "«returnorder»"})));
        self.make(
            "order/ro-line",
            json!({"order": back, "item": gone, "quantity": 1, "reference": "«returnorderlineitem»", "project_code": project}),
        );
        self.make(
            "order/ro-extra-line",
            json!({"order": back, "quantity": 1, "price": 1, "description": "«returnorderextraline»", "project_code": project}),
        );
        let ways = json!({"destination": it.place, "take_from": it.place, "description": "«transferorder»"});
        let move_ = self.make("order/transfer-order", own(ways));
        let line = json!({"order": move_, "part": it.leg, "quantity": 5, "reference": "«transferorderlineitem»", "project_code": project});
        let line = self.make("order/transfer-order-line", line);
        act(&format!("order/transfer-order/{move_}/issue"), json!({}));
        let some = json!({"items": [{"line_item": line, "stock_item": it.legs, "quantity": 3}]});
        act(&format!("order/transfer-order/{move_}/allocate"), some);
    }

    fn common(&self, it: &Goods) {
        let list = self.make("selection", json!({"name": "«selectionlist»"}));
        let entry = json!({"value": "«selectionlistentry»", "label": "one"});
        let entry = self.make(&format!("selection/{list}/entry"), entry);
        self.shop.sql(&format!("UPDATE selection_list SET \"default\" = {entry} WHERE id = {list}"));
        let template = self.make("parameter/template", json!({"name": "«parametertemplate»"}));
        self.make("part/category/parameters", json!({"category": it.category, "template": template, "default_value": "1"}));
        for (model, table) in CARRIERS {
            let id: i64 = self.shop.find(&format!("SELECT min(id) FROM \"{table}\""));
            if !matches!(model, "partcategory" | "stocklocation") {
                let link = format!("http://shop.test/{model}");
                let body = json!({"model_type": model, "model_id": id, "link": link, "comment": format!("«{model}» attached")});
                self.make("attachment", body);
            }
            if model != "stockitem" {
                self.make(
                    "parameter",
                    json!({"template": template, "model_type": model, "model_id": id, "data": format!("«{model}» measured")}),
                );
            }
        }
        self.make("parameter/template", json!({"name": "«parametertemplate» that nothing carries"}));
        self.make("units", json!({"name": "customunit", "symbol": "cu", "definition": "2 m"}));
        let state = json!({"key": 1234, "name": "AWAY", "label": "Away", "color": "primary", "logical_key": 10, "model": 44, "reference_status": "StockStatus"});
        self.make("generic/status/custom", state);
        self.make("tag", json!({"name": "«tag»"}));
        self.shop.sql(&format!(
            "INSERT OR IGNORE INTO part_pricing (part, currency) VALUES ({part}, 'USD');
             INSERT INTO error_report (at, info) VALUES (1, '«error»');
             INSERT INTO news_entry (feed_id, title, link, published, author, summary) VALUES ('1', '«newsfeedentry»', 'http://shop.test', 1, 'a', 's');
             INSERT INTO email_message (global_id, subject, body, \"to\", sender, timestamp) VALUES ('mail-1', '«emailmessage»', 'b', 'a@shop.test', 'b@shop.test', 1);
             INSERT INTO failed_task (name, started, stopped, attempt_count, result) VALUES ('«failure»', 1, 1, 1, 'r');
             UPDATE build_item SET install_into = (SELECT min(id) FROM stock_item WHERE is_building = 1);
             UPDATE stock_item SET supplier_part = {sold} WHERE id = {legs};
             UPDATE purchase_order_line SET build_order = (SELECT min(id) FROM build);
             UPDATE part SET image = 'part_images/none.png' WHERE id = {part};",
            part = it.part,
            sold = it.sold,
            legs = it.legs,
        ));
        let code = format!("{{\"part\": {}}}", it.part);
        self.shop.admin.post("/api/barcode/", json!({ "barcode": code })).is(200);
    }

    /// Everybody has a row of each kind that belongs to somebody.
    fn people(&self) {
        self.shop.sql(
            "INSERT INTO notification (user, category, name, creation, target_type, target_id) SELECT id, 'test', '«notificationmessage»', 1, 'part', 1 FROM user;
             INSERT INTO data_output (created, user, output_type) SELECT '2026-01-01', id, 'export' FROM user;
             INSERT INTO notes_image (image, user, model_type, model_id) SELECT 'notes/none-' || id || '.png', id, 'part', 1 FROM user;
             INSERT INTO barcode_scan (data, timestamp, user) SELECT 'x', 1, id FROM user;
             INSERT INTO part_star (part, user) SELECT 1, id FROM user;
             INSERT OR IGNORE INTO user_setting (key, user, value) SELECT 'DATE_DISPLAY_FORMAT', id, 'YYYY-MM-DD' FROM user;",
        );
    }
}

/// What later steps refer to.
struct Goods {
    place: i64,
    category: i64,
    part: i64,
    leg: i64,
    #[allow(dead_code, reason = "a variant must be there")]
    variant: i64,
    company: i64,
    contact: i64,
    address: i64,
    sold: i64,
    #[allow(dead_code, reason = "a line must be there")]
    bom: i64,
    item: i64,
    #[allow(dead_code, reason = "an item with a serial number must be there")]
    serial: i64,
    legs: i64,
}

/// The resource that a model's name stands for.
pub fn resource_of(model: &str) -> Option<&'static Resource> {
    RESOURCES.iter().copied().find(|resource| resource.model == model && !resource.fields.is_empty())
}
