//! Companies and parts, and what is known of parts: prices, bills of materials, sources.

use super::{BARCODE, METADATA, Model, NOTES, aside, at, day, decimal, file, flag, int, text, user};

pub static COMPANIES: &[Model] = &[
    Model {
        name: "company.company",
        table: "company",
        fields: &[
            METADATA,
            NOTES,
            file("image"),
            text("name"),
            text("description"),
            text("website"),
            text("phone"),
            text("email"),
            text("contact"),
            text("link"),
            flag("active"),
            flag("is_customer"),
            flag("is_supplier"),
            flag("is_manufacturer"),
            text("currency"),
            text("tax_id"),
        ],
        ..Model::BASE
    },
    Model {
        name: "company.contact",
        table: "contact",
        fields: &[METADATA, int("company"), text("name"), text("phone"), text("email"), text("role")],
        ..Model::BASE
    },
    Model {
        name: "company.address",
        table: "address",
        fields: &[
            int("company"),
            text("title"),
            flag("primary"),
            text("line1"),
            text("line2"),
            text("postal_code"),
            text("postal_city"),
            text("province"),
            text("country"),
            text("shipping_notes"),
            text("internal_shipping_notes"),
            text("link"),
        ],
        ..Model::BASE
    },
];

/// Two columns of the file for an amount of a price overview, whose currency is that of the row.
macro_rules! amounts {
    ($($name:literal, $currency:literal;)*) => {
        &[
            at("updated"),
            text("currency"),
            flag("scheduled_for_update").at("scheduled"),
            int("part"),
            text("override_min_currency"),
            decimal("override_min", 6),
            text("override_max_currency"),
            decimal("override_max", 6),
            $(text($currency).shown("t.currency"), decimal($name, 6),)*
        ]
    };
}

/// The columns of a price break.
macro_rules! price_break {
    ($updated:expr) => {
        &[$updated, decimal("quantity", 5), text("price_currency"), decimal("price", 6), int("part")]
    };
}

pub static PARTS: &[Model] = &[
    Model {
        name: "part.partcategory",
        table: "part_category",
        parent: Some("parent"),
        fields: &[
            METADATA,
            text("name"),
            text("description"),
            int("parent"),
            text("pathstring").shown("t.pathstring"),
            int("default_location"),
            flag("structural"),
            text("default_keywords"),
            text("_icon").at("icon"),
        ],
        ..Model::BASE
    },
    Model { name: "part.partcategorystar", table: "part_category_star", fields: &[int("category"), user("user")], ..Model::BASE },
    Model {
        name: "part.partcategoryparametertemplate",
        table: "part_category_parameter",
        fields: &[METADATA, int("category"), int("template"), text("default_value")],
        ..Model::BASE
    },
    Model {
        name: "part.part",
        table: "part",
        parent: Some("variant_of"),
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            file("image"),
            text("name"),
            flag("is_template"),
            int("variant_of"),
            text("description"),
            text("keywords"),
            int("category"),
            text("IPN"),
            text("revision"),
            int("revision_of"),
            text("link"),
            int("default_location"),
            int("default_expiry"),
            decimal("minimum_stock", 6),
            decimal("maximum_stock", 6),
            text("units"),
            flag("assembly"),
            flag("component"),
            flag("trackable"),
            flag("testable"),
            flag("purchaseable"),
            flag("salable"),
            flag("active"),
            flag("locked"),
            flag("virtual"),
            flag("bom_validated"),
            text("bom_checksum"),
            user("bom_checked_by"),
            day("bom_checked_date"),
            day("creation_date"),
            user("creation_user"),
            int("responsible_owner").at("responsible"),
            aside("base_cost", "\"0.000000\""),
            aside("multiple", "1"),
        ],
        ..Model::BASE
    },
    Model { name: "part.partstar", table: "part_star", fields: &[int("part"), user("user")], ..Model::BASE },
    Model {
        name: "part.partrelated",
        table: "part_related",
        fields: &[METADATA, int("part_1"), int("part_2"), text("note")],
        ..Model::BASE
    },
    Model { name: "part.partsellpricebreak", table: "part_sale_price", fields: price_break!(aside("updated", "null")), ..Model::BASE },
    Model {
        name: "part.partinternalpricebreak",
        table: "part_internal_price",
        fields: price_break!(aside("updated", "null")),
        ..Model::BASE
    },
    Model {
        name: "part.parttesttemplate",
        table: "part_test_template",
        fields: &[
            METADATA,
            int("part"),
            text("test_name"),
            text("key"),
            text("description"),
            flag("enabled"),
            flag("required"),
            flag("requires_value"),
            flag("requires_attachment"),
            text("choices"),
        ],
        ..Model::BASE
    },
    Model {
        name: "part.partstocktake",
        table: "part_stocktake",
        fields: &[
            int("part"),
            int("item_count"),
            decimal("quantity", 5),
            day("date"),
            text("cost_min_currency"),
            decimal("cost_min", 6),
            text("cost_max_currency"),
            decimal("cost_max", 6),
        ],
        ..Model::BASE
    },
    Model {
        name: "part.partpricing",
        table: "part_pricing",
        fields: amounts! {
            "bom_cost_min", "bom_cost_min_currency";
            "bom_cost_max", "bom_cost_max_currency";
            "purchase_cost_min", "purchase_cost_min_currency";
            "purchase_cost_max", "purchase_cost_max_currency";
            "internal_cost_min", "internal_cost_min_currency";
            "internal_cost_max", "internal_cost_max_currency";
            "supplier_price_min", "supplier_price_min_currency";
            "supplier_price_max", "supplier_price_max_currency";
            "variant_cost_min", "variant_cost_min_currency";
            "variant_cost_max", "variant_cost_max_currency";
            "overall_min", "overall_min_currency";
            "overall_max", "overall_max_currency";
            "sale_price_min", "sale_price_min_currency";
            "sale_price_max", "sale_price_max_currency";
            "sale_history_min", "sale_history_min_currency";
            "sale_history_max", "sale_history_max_currency";
        },
        ..Model::BASE
    },
    Model {
        name: "part.bomitem",
        table: "bom_item",
        fields: &[
            METADATA,
            int("part"),
            int("sub_part"),
            text("raw_amount"),
            decimal("quantity", 5),
            flag("optional"),
            flag("consumable"),
            decimal("setup_quantity", 5),
            decimal("attrition", 3),
            decimal("rounding_multiple", 5),
            text("reference"),
            text("note"),
            text("checksum").shown("''"),
            flag("validated").shown("t.validated"),
            flag("inherited"),
            flag("allow_variants"),
        ],
        ..Model::BASE
    },
    Model { name: "part.bomitemsubstitute", table: "bom_substitute", fields: &[METADATA, int("bom_item"), int("part")], ..Model::BASE },
    Model {
        name: "company.manufacturerpart",
        table: "manufacturer_part",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            int("part"),
            int("manufacturer"),
            text("MPN"),
            text("link"),
            text("description"),
        ],
        ..Model::BASE
    },
    Model {
        name: "company.supplierpart",
        table: "supplier_part",
        fields: &[
            METADATA,
            NOTES,
            BARCODE[0],
            BARCODE[1],
            at("updated"),
            int("part"),
            int("supplier"),
            text("SKU"),
            flag("active"),
            flag("primary"),
            int("manufacturer_part"),
            text("link"),
            text("description"),
            text("note"),
            aside("base_cost", "\"0.000\""),
            text("packaging"),
            text("pack_quantity"),
            decimal("pack_quantity_native", 10),
            aside("multiple", "1"),
            decimal("available", 3),
            at("availability_updated"),
        ],
        ..Model::BASE
    },
    Model { name: "company.supplierpricebreak", table: "supplier_price_break", fields: price_break!(at("updated")), ..Model::BASE },
];
