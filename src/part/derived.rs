//! What a part's numbers are made of: SQL over stock, orders and builds, for the row `t`. Amounts are millionths.
//!
//! Sums are total(), which is real and cannot overflow; it is exact for up to nine thousand million units.
//! They are macros of literals, because filters and orderings join them to larger pieces at compile time.

// A list of constants in IN is a table that SQLite makes and fills each time a statement runs, and a list of one column one for each row: both
// cost more than what is looked up with them. The sign keeps the planner from making such a list of the alternatives.
/// The build or the order `$row`, sales orders aside, is open.
macro_rules! open {
    ($row:literal) => {
        concat!("(+", $row, ".status = 10 OR +", $row, ".status = 20 OR +", $row, ".status = 25)")
    };
}
/// The sales order `$row` is open.
macro_rules! open_sale {
    ($row:literal) => {
        concat!("(+", $row, ".status = 10 OR +", $row, ".status = 15 OR +", $row, ".status = 20 OR +", $row, ".status = 25)")
    };
}
// `$parts`: what stands behind `part`, such as `= t.id` or `IN (SELECT …)`; `$more`: another condition on the item `s`, or nothing.
macro_rules! stock_of {
    ($parts:expr, $more:expr) => {
        concat!("(SELECT total(s.quantity) FROM stock_item s WHERE s.part ", $parts, " AND s.in_stock = 1", $more, ")")
    };
}
// Where nothing at all is set aside, nobody looks at each item.
macro_rules! for_builds_of {
    ($parts:expr, $more:expr) => {
        concat!(
            "iif(EXISTS (SELECT 1 FROM build_item), (SELECT total(a.quantity) FROM stock_item s JOIN build_item a ON a.stock_item = s.id \
             JOIN build_line l ON l.id = a.build_line JOIN build b ON b.id = l.build AND ",
            open!("b"),
            " WHERE s.part ",
            $parts,
            $more,
            "), 0.0)"
        )
    };
}
macro_rules! for_sales_of {
    ($parts:expr, $more:expr) => {
        concat!(
            "iif(EXISTS (SELECT 1 FROM sales_order_allocation), (SELECT total(a.quantity) FROM stock_item s JOIN sales_order_allocation a ON a.item = s.id \
             JOIN sales_order_line l ON l.id = a.line JOIN sales_order o ON o.id = l.\"order\" AND ",
            open_sale!("o"),
            " LEFT JOIN sales_order_shipment h ON h.id = a.shipment WHERE h.shipment_date IS NULL AND s.part ",
            $parts,
            $more,
            "), 0.0)"
        )
    };
}
/// On the shelf and not set aside; never below zero.
macro_rules! free_of {
    ($parts:expr, $more:expr) => {
        concat!("max(0, ", stock_of!($parts, $more), " - ", for_builds_of!($parts, $more), " - ", for_sales_of!($parts, $more), ")")
    };
}
macro_rules! required_build_of {
    ($parts:expr) => {
        concat!(
            "(SELECT total(max(0, l.quantity - l.consumed)) FROM bom_item i JOIN build_line l ON l.bom_item = i.id \
             JOIN build b ON b.id = l.build AND ",
            open!("b"),
            " WHERE i.sub_part ",
            $parts,
            ")"
        )
    };
}
macro_rules! required_sales_of {
    ($parts:expr) => {
        concat!(
            "(SELECT total(l.quantity - l.shipped) FROM sales_order_line l JOIN sales_order o ON o.id = l.\"order\" AND ",
            open_sale!("o"),
            " WHERE l.part ",
            $parts,
            ")"
        )
    };
}
/// Bought and not yet received, in the part's units.
macro_rules! ordering_of {
    ($parts:expr) => {
        concat!(
            "(SELECT total((l.quantity - l.received) * p.pack_quantity_native / 1000000) FROM supplier_part p \
             JOIN purchase_order_line l ON l.part = p.id AND l.quantity > l.received JOIN purchase_order o ON o.id = l.\"order\" AND ",
            open!("o"),
            " WHERE p.part ",
            $parts,
            ")"
        )
    };
}
/// In production, as outputs of open builds.
macro_rules! building_of {
    ($parts:expr) => {
        concat!(
            "(SELECT total(s.quantity) FROM stock_item s JOIN build b ON b.id = s.build AND ",
            open!("b"),
            " WHERE s.is_building = 1 AND s.part ",
            $parts,
            ")"
        )
    };
}
/// What open builds still have to make.
macro_rules! scheduled_of {
    ($parts:expr) => {
        concat!("(SELECT total(max(0, b.quantity - b.completed)) FROM build b WHERE ", open!("b"), " AND b.part ", $parts, ")")
    };
}
/// Variants at any depth of the part whose key `$part` is; `family_of!` has the part too.
macro_rules! variants_of {
    ($part:expr) => {
        concat!(
            "IN (SELECT v.id FROM part r JOIN part v ON v.tree_key > r.tree_key || char(1) AND v.tree_key < r.tree_key || char(2) WHERE r.id = ",
            $part,
            ")"
        )
    };
}
macro_rules! family_of {
    ($part:expr) => {
        concat!(
            "IN (SELECT v.id FROM part r JOIN part v ON v.tree_key >= r.tree_key AND v.tree_key < r.tree_key || char(2) WHERE r.id = ",
            $part,
            ")"
        )
    };
}
pub(crate) use {building_of, for_builds_of, for_sales_of, free_of, open, open_sale, ordering_of, scheduled_of, stock_of, variants_of};

macro_rules! own_stock {
    () => {
        stock_of!("= t.id", "")
    };
}
macro_rules! variant_stock {
    () => {
        "iif(EXISTS (SELECT 1 FROM part v WHERE v.variant_of = t.id), \
         (SELECT total(s.quantity) FROM part v CROSS JOIN stock_item s ON s.part = v.id AND s.in_stock = 1 \
         WHERE v.tree_key > t.tree_key || char(1) AND v.tree_key < t.tree_key || char(2)), 0.0)"
    };
}
macro_rules! for_builds {
    () => {
        for_builds_of!("= t.id", "")
    };
}
macro_rules! for_sales {
    () => {
        for_sales_of!("= t.id", "")
    };
}
macro_rules! required_build {
    () => {
        required_build_of!("= t.id")
    };
}

/// What several numbers of a part are made of; see `Resource::shared`.
pub const SHARED: &[(&str, &str)] =
    &[("q_own", own_stock!()), ("q_variants", variant_stock!()), ("q_builds", for_builds!()), ("q_sales", for_sales!())];
/// On the shelf: of the part itself.
pub const IN_STOCK: &str = "t.q_own";
/// On the shelf: of its variants at any depth.
pub const VARIANT_STOCK: &str = "t.q_variants";
/// On the shelf: both.
pub const TOTAL_IN_STOCK: &str = "t.q_own + t.q_variants";
/// Set aside for builds that are open.
pub const FOR_BUILDS: &str = "t.q_builds";
/// Set aside for sales orders that are open, in shipments that have not left.
pub const FOR_SALES: &str = "t.q_sales";
/// On the shelf and not set aside; never below zero.
pub const UNALLOCATED: &str = "max(0, t.q_own + t.q_variants - t.q_builds - t.q_sales)";
/// The same three for orderings, where nothing is shared.
pub const ORDER_IN_STOCK: &str = own_stock!();
/// On the shelf, with variants.
pub const ORDER_TOTAL: &str = concat!("(", own_stock!(), " + ", variant_stock!(), ")");
/// On the shelf and not set aside.
pub const ORDER_UNALLOCATED: &str =
    concat!("max(0, ", own_stock!(), " + ", variant_stock!(), " - ", for_builds!(), " - ", for_sales!(), ")");
/// On the shelf, at places outside the house.
pub const EXTERNAL_STOCK: &str = "iif(EXISTS (SELECT 1 FROM stock_location WHERE external = 1), (SELECT total(s.quantity) FROM stock_item s \
    JOIN stock_location l ON l.id = s.location AND l.external = 1 WHERE s.part = t.id AND s.in_stock = 1), 0.0)";
/// Bought and not yet received, in the part's units.
pub const ORDERING: &str = ordering_of!("= t.id");
/// In production, as outputs of open builds.
pub const BUILDING: &str = building_of!("= t.id");
/// What open builds still have to make.
pub const SCHEDULED: &str = scheduled_of!("= t.id");
/// What open builds still need of it.
pub const REQUIRED_BUILD: &str = required_build!();
/// What open sales orders still need of it.
pub const REQUIRED_SALES: &str = required_sales_of!("= t.id");
/// The default place of the category, or of the nearest one above it.
pub const CATEGORY_LOCATION: &str = "iif(EXISTS (SELECT 1 FROM part_category WHERE default_location IS NOT NULL), \
    (WITH RECURSIVE up (place, above) AS (SELECT c.default_location, c.parent FROM part_category c WHERE c.id = t.category \
    UNION ALL SELECT c.default_location, c.parent FROM part_category c, up WHERE c.id = up.above AND up.place IS NULL) \
    SELECT place FROM up WHERE place IS NOT NULL LIMIT 1), NULL)";
/// Where its picture in small is.
pub const THUMBNAIL: &str = "iif(coalesce(t.image, '') = '', '/static/img/blank_image.thumbnail.png', '/media/' || rtrim(t.image, replace(t.image, '.', '')) \
     || 'thumbnail.' || substr(t.image, length(rtrim(t.image, replace(t.image, '.', ''))) + 1))";

/// Less than the least quantity to keep, where there is one.
pub const IS_LOW: &str = concat!("t.minimum_stock > 0 AND ", own_stock!(), " + ", variant_stock!(), " < t.minimum_stock");
/// More than the greatest quantity to keep, where there is one.
pub const IS_HIGH: &str = concat!("t.maximum_stock > 0 AND ", own_stock!(), " + ", variant_stock!(), " > t.maximum_stock");
/// Some of it is on the shelf.
pub const HAS_STOCK: &str = concat!(own_stock!(), " > 0");
/// Some of it is on the shelf and not set aside.
pub const HAS_UNALLOCATED: &str = concat!(own_stock!(), " + ", variant_stock!(), " - ", for_builds!(), " - ", for_sales!(), " > 0");
/// There are items, but nothing of it is on the shelf.
pub const IS_DEPLETED: &str = concat!(own_stock!(), " = 0 AND EXISTS (SELECT 1 FROM stock_item s WHERE s.part = t.id)");
/// Builds need more than is set aside for them.
pub const IS_WANTED: &str = concat!(required_build!(), " > ", for_builds!());

/// The sums of a part and its variants together, by name; see `Resource::shared`.
pub const SHARED_BY_FAMILY: &[(&str, &str)] = &[
    ("q_stock", stock_of!(family_of!("t.id"), "")),
    ("q_builds", for_builds_of!(family_of!("t.id"), "")),
    ("q_sales", for_sales_of!(family_of!("t.id"), "")),
];
/// In production, with variants.
pub const FAMILY_BUILDING: &str = building_of!(family_of!("t.id"));
/// What open builds still have to make, with variants.
pub const FAMILY_SCHEDULED: &str = scheduled_of!(family_of!("t.id"));
/// What open builds still need, with variants.
pub const FAMILY_REQUIRED_BUILD: &str = required_build_of!(family_of!("t.id"));
/// What open sales orders still need, with variants.
pub const FAMILY_REQUIRED_SALES: &str = required_sales_of!(family_of!("t.id"));
