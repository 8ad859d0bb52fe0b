-- The tables of a stockroom, version 1. This file is the truth of storage; a database is made by running it.
--
-- Conventions. Every table has `id`, the primary key that the API calls pk; keys are never used twice (AUTOINCREMENT).
-- Quantities and money are INTEGER millionths. Moments are INTEGER milliseconds since 1970, UTC. Days are TEXT YYYY-MM-DD.
-- Flags are 0 or 1. Text that may be empty is NOT NULL DEFAULT '' unless the API tells null from empty.
--
-- Trees (`parent` and the like is the truth) carry three derived columns that the program keeps: `level` (0 at the root),
-- `pathstring` (names with / between, shortened in the middle beyond 250 characters) and `tree_key`: one segment for each
-- ancestor and the row itself, char(1) between them. A segment is the name, char(2) and the key in hexadecimal, so that
-- ORDER BY tree_key walks the tree by name, and the rows below K are those with K||char(1) < tree_key < K||char(2).

-- ---------------------------------------------------------------- people

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE CHECK (username <> ''),
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    password TEXT NOT NULL DEFAULT '!',             -- Django's format: pbkdf2_sha256$iterations$salt$hash; ! means none
    is_staff INTEGER NOT NULL DEFAULT 0,
    is_superuser INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1,
    date_joined INTEGER NOT NULL DEFAULT 0,
    last_login INTEGER,
    -- the profile
    language TEXT,
    theme TEXT,                                     -- JSON, the business of the browser client
    widgets TEXT,                                   -- likewise
    displayname TEXT,
    position TEXT,
    status TEXT,
    location TEXT,
    active INTEGER NOT NULL DEFAULT 1,
    contact TEXT,
    type TEXT NOT NULL DEFAULT 'internal',
    organisation TEXT,
    primary_group INTEGER REFERENCES user_group (id) ON DELETE SET NULL,
    metadata TEXT
);
CREATE INDEX user_email ON user (email);

CREATE TABLE user_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE user_group_member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    "group" INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    UNIQUE (user, "group")
);
CREATE INDEX user_group_member_group ON user_group_member ("group");

-- What a group's members may do; every group has a row for each of the eleven roles.
CREATE TABLE ruleset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    "group" INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    can_view INTEGER NOT NULL DEFAULT 0,
    can_add INTEGER NOT NULL DEFAULT 0,
    can_change INTEGER NOT NULL DEFAULT 0,
    can_delete INTEGER NOT NULL DEFAULT 0,
    UNIQUE ("group", name)
);

-- Who may be responsible for things: every user and every group, one row each.
CREATE TABLE owner (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER UNIQUE REFERENCES user (id) ON DELETE CASCADE,
    "group" INTEGER UNIQUE REFERENCES user_group (id) ON DELETE CASCADE,
    CHECK ((user IS NULL) <> ("group" IS NULL))
);

-- API tokens. The token itself is not here: it is derived from the secret key file and `seed`, and found by its digest.
CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '',
    digest BLOB NOT NULL UNIQUE,                    -- SHA-256 of the token
    seed BLOB NOT NULL,                             -- 16 random bytes
    masked TEXT NOT NULL,                           -- the first 8 and the last 12 characters, for lists
    created INTEGER NOT NULL,
    expiry TEXT NOT NULL,
    last_seen TEXT,
    revoked INTEGER NOT NULL DEFAULT 0,
    metadata TEXT
);
CREATE INDEX token_user ON token (user, name);

-- Browser sessions; again only the digest of what the cookie holds.
CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ip TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_user ON session (user);
CREATE INDEX session_expires ON session (expires);

-- ---------------------------------------------------------------- settings

CREATE TABLE setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE COLLATE NOCASE,
    value TEXT NOT NULL
);

CREATE TABLE user_setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL COLLATE NOCASE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    UNIQUE (user, key)
);

-- ---------------------------------------------------------------- common

-- How many rows the large tables have, kept by triggers, so that an unfiltered list need not count.
CREATE TABLE row_count (name TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO row_count VALUES ('part', 0), ('stock_item', 0), ('stock_tracking', 0);

CREATE TABLE tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL UNIQUE
);

CREATE TABLE tagged_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tag INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    model_type TEXT NOT NULL,
    model_id INTEGER NOT NULL,
    UNIQUE (model_type, model_id, tag)
);
CREATE INDEX tagged_item_tag ON tagged_item (tag, model_type);

CREATE TABLE parameter_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    units TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    model_type TEXT,
    checkbox INTEGER NOT NULL DEFAULT 0,
    choices TEXT NOT NULL DEFAULT '',
    selectionlist INTEGER REFERENCES selection_list (id) ON DELETE SET NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    metadata TEXT
);

CREATE TABLE parameter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    template INTEGER NOT NULL REFERENCES parameter_template (id) ON DELETE CASCADE,
    model_type TEXT NOT NULL,                       -- app.model
    model_id INTEGER NOT NULL,
    data TEXT NOT NULL,
    data_numeric REAL,
    note TEXT NOT NULL DEFAULT '',
    updated INTEGER,
    updated_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    metadata TEXT,
    UNIQUE (model_type, model_id, template)
);
CREATE INDEX parameter_template_value ON parameter (template, data_numeric, data);

CREATE TABLE project_code (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    metadata TEXT
);

-- Free states beside the built-in ones; `reference_status` is the class, `logical_key` the built-in state it counts as.
CREATE TABLE custom_state (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key INTEGER NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    color TEXT NOT NULL DEFAULT 'secondary',
    logical_key INTEGER NOT NULL,
    model TEXT,
    reference_status TEXT NOT NULL,
    UNIQUE (reference_status, key),
    UNIQUE (reference_status, name)
);

-- ---------------------------------------------------------------- parts

CREATE TABLE part_category (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    parent INTEGER REFERENCES part_category (id) ON DELETE RESTRICT,
    default_location INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    default_keywords TEXT,
    structural INTEGER NOT NULL DEFAULT 0,
    icon TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    level INTEGER NOT NULL DEFAULT 0,
    pathstring TEXT NOT NULL DEFAULT '',
    tree_key TEXT NOT NULL DEFAULT '',
    parts INTEGER NOT NULL DEFAULT 0                -- parts directly in this category, kept by triggers
);
CREATE UNIQUE INDEX part_category_name ON part_category (coalesce(parent, 0), name);
CREATE INDEX part_category_parent ON part_category (parent);
CREATE INDEX part_category_tree ON part_category (tree_key, parts);
CREATE INDEX part_category_location ON part_category (default_location);

CREATE TABLE part_category_star (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category INTEGER NOT NULL REFERENCES part_category (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    UNIQUE (category, user)
);

-- Parameters that new parts of a category get.
CREATE TABLE part_category_parameter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    category INTEGER NOT NULL REFERENCES part_category (id) ON DELETE CASCADE,
    template INTEGER NOT NULL REFERENCES parameter_template (id) ON DELETE CASCADE,
    default_value TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    UNIQUE (category, template)
);
CREATE INDEX part_category_parameter_template ON part_category_parameter (template);

CREATE TABLE part (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    "IPN" TEXT NOT NULL DEFAULT '',
    revision TEXT DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    keywords TEXT,
    category INTEGER REFERENCES part_category (id) ON DELETE RESTRICT,
    image TEXT,                                     -- below the media folder
    link TEXT,
    units TEXT DEFAULT '',
    minimum_stock INTEGER NOT NULL DEFAULT 0,
    maximum_stock INTEGER NOT NULL DEFAULT 0,
    default_location INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    default_expiry INTEGER NOT NULL DEFAULT 0,      -- days
    active INTEGER NOT NULL DEFAULT 1,
    assembly INTEGER NOT NULL DEFAULT 0,
    component INTEGER NOT NULL DEFAULT 1,
    is_template INTEGER NOT NULL DEFAULT 0,
    purchaseable INTEGER NOT NULL DEFAULT 1,
    salable INTEGER NOT NULL DEFAULT 0,
    testable INTEGER NOT NULL DEFAULT 0,
    trackable INTEGER NOT NULL DEFAULT 0,
    virtual INTEGER NOT NULL DEFAULT 0,
    locked INTEGER NOT NULL DEFAULT 0,
    variant_of INTEGER REFERENCES part (id) ON DELETE SET NULL,
    revision_of INTEGER REFERENCES part (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    creation_date TEXT,
    creation_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    bom_checksum TEXT NOT NULL DEFAULT '',
    bom_validated INTEGER NOT NULL DEFAULT 0,
    bom_checked_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    bom_checked_date TEXT,
    notes TEXT,
    metadata TEXT,
    level INTEGER NOT NULL DEFAULT 0,
    tree_key TEXT NOT NULL DEFAULT '',              -- of the tree of variants; segments are keys alone
    CHECK (name <> '')
);
CREATE UNIQUE INDEX part_name ON part (name, "IPN", coalesce(revision, ''));
CREATE INDEX part_ipn ON part ("IPN");
CREATE INDEX part_category_of ON part (category, name);
CREATE INDEX part_location ON part (default_location);
CREATE INDEX part_variant_of ON part (variant_of);
CREATE INDEX part_revision_of ON part (revision_of);
CREATE INDEX part_tree ON part (tree_key);
CREATE INDEX part_created ON part (creation_date);
CREATE INDEX part_barcode ON part (barcode_hash) WHERE barcode_hash <> '';

CREATE VIRTUAL TABLE part_search USING fts5 (name, "IPN", description, keywords, revision, content = 'part', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER part_added AFTER INSERT ON part BEGIN
    INSERT INTO part_search (rowid, name, "IPN", description, keywords, revision) VALUES (new.id, new.name, new."IPN", new.description, new.keywords, new.revision);
    UPDATE row_count SET rows = rows + 1 WHERE name = 'part';
    UPDATE part_category SET parts = parts + 1 WHERE id = new.category;
END;
CREATE TRIGGER part_removed AFTER DELETE ON part BEGIN
    INSERT INTO part_search (part_search, rowid, name, "IPN", description, keywords, revision)
        VALUES ('delete', old.id, old.name, old."IPN", old.description, old.keywords, old.revision);
    UPDATE row_count SET rows = rows - 1 WHERE name = 'part';
    UPDATE part_category SET parts = parts - 1 WHERE id = old.category;
END;
CREATE TRIGGER part_renamed AFTER UPDATE OF name, "IPN", description, keywords, revision ON part BEGIN
    INSERT INTO part_search (part_search, rowid, name, "IPN", description, keywords, revision)
        VALUES ('delete', old.id, old.name, old."IPN", old.description, old.keywords, old.revision);
    INSERT INTO part_search (rowid, name, "IPN", description, keywords, revision) VALUES (new.id, new.name, new."IPN", new.description, new.keywords, new.revision);
END;
CREATE TRIGGER part_moved AFTER UPDATE OF category ON part WHEN old.category IS NOT new.category BEGIN
    UPDATE part_category SET parts = parts - 1 WHERE id = old.category;
    UPDATE part_category SET parts = parts + 1 WHERE id = new.category;
END;

CREATE TABLE part_star (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    UNIQUE (part, user)
);

CREATE TABLE part_related (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part_1 INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    part_2 INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    note TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    UNIQUE (part_1, part_2)
);
CREATE INDEX part_related_2 ON part_related (part_2);

-- Prices by quantity: two tables, for each kind numbers its rows by itself.
CREATE TABLE part_sale_price (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    price INTEGER,
    price_currency TEXT NOT NULL,
    metadata TEXT,
    UNIQUE (part, quantity)
);
CREATE TABLE part_internal_price (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    price INTEGER,
    price_currency TEXT NOT NULL,
    metadata TEXT,
    UNIQUE (part, quantity)
);

-- The price overview of a part; amounts are in `currency`.
CREATE TABLE part_pricing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL UNIQUE REFERENCES part (id) ON DELETE CASCADE,
    currency TEXT NOT NULL,
    updated INTEGER,
    overall_min INTEGER,
    overall_max INTEGER
);
CREATE INDEX part_pricing_min ON part_pricing (overall_min);

CREATE TABLE part_test_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    test_name TEXT NOT NULL,
    description TEXT,
    enabled INTEGER NOT NULL DEFAULT 1,
    required INTEGER NOT NULL DEFAULT 1,
    requires_value INTEGER NOT NULL DEFAULT 0,
    requires_attachment INTEGER NOT NULL DEFAULT 0,
    choices TEXT NOT NULL DEFAULT '',
    metadata TEXT
);
CREATE INDEX part_test_template_part ON part_test_template (part, key);
CREATE INDEX part_test_template_key ON part_test_template (key);

-- ---------------------------------------------------------------- companies

CREATE TABLE company (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    website TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '',
    email TEXT,
    contact TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    image TEXT,
    notes TEXT,
    active INTEGER NOT NULL DEFAULT 1,
    is_customer INTEGER NOT NULL DEFAULT 0,
    is_supplier INTEGER NOT NULL DEFAULT 1,
    is_manufacturer INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL DEFAULT 'USD',
    tax_id TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    UNIQUE (name, email)
);

CREATE INDEX company_active ON company (active);

CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    phone TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT '',
    metadata TEXT
);
CREATE INDEX contact_company ON contact (company, name);

CREATE TABLE address (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    "primary" INTEGER NOT NULL DEFAULT 0,
    line1 TEXT NOT NULL DEFAULT '',
    line2 TEXT NOT NULL DEFAULT '',
    postal_code TEXT NOT NULL DEFAULT '',
    postal_city TEXT NOT NULL DEFAULT '',
    province TEXT NOT NULL DEFAULT '',
    country TEXT NOT NULL DEFAULT '',
    shipping_notes TEXT NOT NULL DEFAULT '',
    internal_shipping_notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    metadata TEXT
);
CREATE INDEX address_company ON address (company, title);
CREATE UNIQUE INDEX address_primary ON address (company) WHERE "primary" = 1;

CREATE TABLE manufacturer_part (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    manufacturer INTEGER NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    "MPN" TEXT NOT NULL,
    link TEXT,
    description TEXT,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    notes TEXT,
    metadata TEXT,
    UNIQUE (part, manufacturer, "MPN")
);
CREATE INDEX manufacturer_part_manufacturer ON manufacturer_part (manufacturer);
CREATE INDEX manufacturer_part_mpn ON manufacturer_part ("MPN");
-- Supplier parts are found by this number in any case of its letters.
CREATE INDEX manufacturer_part_mpn_any ON manufacturer_part ("MPN" COLLATE NOCASE);

CREATE TABLE supplier_part (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    supplier INTEGER NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    "SKU" TEXT NOT NULL,
    manufacturer_part INTEGER REFERENCES manufacturer_part (id) ON DELETE CASCADE,
    link TEXT,
    description TEXT,
    note TEXT,
    packaging TEXT,
    pack_quantity TEXT NOT NULL DEFAULT '1',        -- as written, with units
    pack_quantity_native INTEGER NOT NULL DEFAULT 1000000, -- in the part's units
    available INTEGER NOT NULL DEFAULT 0,
    availability_updated INTEGER,
    active INTEGER NOT NULL DEFAULT 1,
    "primary" INTEGER NOT NULL DEFAULT 0,
    updated INTEGER,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    notes TEXT,
    metadata TEXT,
    UNIQUE (part, supplier, "SKU")
);
CREATE INDEX supplier_part_supplier ON supplier_part (supplier);
CREATE INDEX supplier_part_sku ON supplier_part ("SKU");
CREATE INDEX supplier_part_manufacturer_part ON supplier_part (manufacturer_part);
CREATE UNIQUE INDEX supplier_part_primary ON supplier_part (part) WHERE "primary" = 1;
CREATE INDEX supplier_part_updated ON supplier_part (updated);

-- At which price, from which quantity (of packs) on, a supplier sells.
CREATE TABLE supplier_price_break (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES supplier_part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    price INTEGER,
    price_currency TEXT NOT NULL,
    updated INTEGER,
    metadata TEXT,
    UNIQUE (part, quantity)
);
CREATE INDEX supplier_price_break_quantity ON supplier_price_break (quantity);

-- ---------------------------------------------------------------- bills of materials, builds, orders: what parts and stock count

CREATE TABLE bom_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    sub_part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL DEFAULT 1000000,
    allow_variants INTEGER NOT NULL DEFAULT 0,
    inherited INTEGER NOT NULL DEFAULT 0,
    optional INTEGER NOT NULL DEFAULT 0,
    consumable INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX bom_item_part ON bom_item (part);
CREATE INDEX bom_item_sub_part ON bom_item (sub_part);

CREATE TABLE build (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    status INTEGER NOT NULL DEFAULT 10,
    quantity INTEGER NOT NULL,
    completed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX build_part ON build (part, status);

CREATE TABLE build_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build INTEGER NOT NULL REFERENCES build (id) ON DELETE CASCADE,
    bom_item INTEGER NOT NULL REFERENCES bom_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    consumed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (build, bom_item)
);
CREATE INDEX build_line_bom_item ON build_line (bom_item);

-- Stock set aside for a line of a build.
CREATE TABLE build_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build_line INTEGER NOT NULL REFERENCES build_line (id) ON DELETE CASCADE,
    stock_item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    install_into INTEGER REFERENCES stock_item (id) ON DELETE SET NULL
);
CREATE INDEX build_item_line ON build_item (build_line);
CREATE INDEX build_item_stock ON build_item (stock_item, quantity);

CREATE TABLE purchase_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    supplier INTEGER REFERENCES company (id) ON DELETE SET NULL,
    status INTEGER NOT NULL DEFAULT 10
);

CREATE TABLE purchase_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES purchase_order (id) ON DELETE CASCADE,
    part INTEGER REFERENCES supplier_part (id) ON DELETE SET NULL,
    quantity INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX purchase_order_line_order ON purchase_order_line ("order");
CREATE INDEX purchase_order_line_part ON purchase_order_line (part);

CREATE TABLE sales_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    customer INTEGER REFERENCES company (id) ON DELETE SET NULL,
    status INTEGER NOT NULL DEFAULT 10
);

CREATE TABLE sales_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES sales_order (id) ON DELETE CASCADE,
    part INTEGER REFERENCES part (id) ON DELETE SET NULL,
    quantity INTEGER NOT NULL,
    shipped INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX sales_order_line_order ON sales_order_line ("order");
CREATE INDEX sales_order_line_part ON sales_order_line (part);

CREATE TABLE sales_order_shipment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES sales_order (id) ON DELETE CASCADE,
    shipment_date TEXT
);

-- Stock set aside for a line of a sales order.
CREATE TABLE sales_order_allocation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    line INTEGER NOT NULL REFERENCES sales_order_line (id) ON DELETE CASCADE,
    shipment INTEGER REFERENCES sales_order_shipment (id) ON DELETE SET NULL,
    item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL
);
CREATE INDEX sales_order_allocation_line ON sales_order_allocation (line);
CREATE INDEX sales_order_allocation_item ON sales_order_allocation (item, quantity);

-- ---------------------------------------------------------------- stock

CREATE TABLE stock_location_type (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    icon TEXT NOT NULL DEFAULT '',
    metadata TEXT
);

CREATE TABLE stock_location (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    parent INTEGER REFERENCES stock_location (id) ON DELETE RESTRICT,
    owner INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    custom_icon TEXT,
    structural INTEGER NOT NULL DEFAULT 0,
    external INTEGER NOT NULL DEFAULT 0,
    location_type INTEGER REFERENCES stock_location_type (id) ON DELETE SET NULL,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    level INTEGER NOT NULL DEFAULT 0,
    pathstring TEXT NOT NULL DEFAULT '',
    tree_key TEXT NOT NULL DEFAULT '',
    items INTEGER NOT NULL DEFAULT 0                -- stock items directly at this place, kept by triggers
);
CREATE UNIQUE INDEX stock_location_name ON stock_location (coalesce(parent, 0), name);
CREATE INDEX stock_location_parent ON stock_location (parent);
CREATE INDEX stock_location_tree ON stock_location (tree_key, items);
CREATE INDEX stock_location_of_type ON stock_location (location_type);
CREATE INDEX stock_location_barcode ON stock_location (barcode_hash) WHERE barcode_hash <> '';

CREATE TABLE stock_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL DEFAULT 1000000 CHECK (quantity >= 0),
    serial TEXT,
    serial_int INTEGER NOT NULL DEFAULT 0,          -- the number in the serial, for ranges and order
    batch TEXT DEFAULT '',
    location INTEGER REFERENCES stock_location (id) ON DELETE RESTRICT,
    parent INTEGER REFERENCES stock_item (id) ON DELETE SET NULL,
    belongs_to INTEGER REFERENCES stock_item (id) ON DELETE CASCADE,
    build INTEGER REFERENCES build (id) ON DELETE SET NULL,
    consumed_by INTEGER REFERENCES build (id) ON DELETE CASCADE,
    customer INTEGER REFERENCES company (id) ON DELETE SET NULL,
    purchase_order INTEGER REFERENCES purchase_order (id) ON DELETE SET NULL,
    sales_order INTEGER REFERENCES sales_order (id) ON DELETE SET NULL,
    supplier_part INTEGER REFERENCES supplier_part (id) ON DELETE SET NULL,
    owner INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    is_building INTEGER NOT NULL DEFAULT 0,
    delete_on_deplete INTEGER NOT NULL DEFAULT 1,
    expiry_date TEXT,
    stocktake_date TEXT,
    stocktake_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    creation_date INTEGER,
    updated INTEGER,
    packaging TEXT,
    purchase_price INTEGER,
    purchase_price_currency TEXT NOT NULL DEFAULT 'USD',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    -- On the shelf: there is some, it is nobody else's, and its state allows use (CONVENTIONS: group "available").
    in_stock INTEGER GENERATED ALWAYS AS (quantity > 0 AND sales_order IS NULL AND belongs_to IS NULL AND customer IS NULL
        AND consumed_by IS NULL AND is_building = 0 AND status IN (10, 50, 55, 85)) STORED
);
CREATE INDEX stock_item_part ON stock_item (part, quantity, location);
CREATE INDEX stock_item_part_stock ON stock_item (part, in_stock, quantity, location);
CREATE INDEX stock_item_building ON stock_item (part, build, quantity) WHERE is_building = 1;
CREATE INDEX stock_item_location ON stock_item (location);
CREATE INDEX stock_item_serial ON stock_item (part, serial_int, serial) WHERE serial IS NOT NULL;
CREATE INDEX stock_item_batch ON stock_item (batch) WHERE batch <> '';
CREATE INDEX stock_item_parent ON stock_item (parent) WHERE parent IS NOT NULL;
CREATE INDEX stock_item_belongs_to ON stock_item (belongs_to) WHERE belongs_to IS NOT NULL;
CREATE INDEX stock_item_build ON stock_item (build) WHERE build IS NOT NULL;
CREATE INDEX stock_item_consumed_by ON stock_item (consumed_by) WHERE consumed_by IS NOT NULL;
CREATE INDEX stock_item_customer ON stock_item (customer) WHERE customer IS NOT NULL;
CREATE INDEX stock_item_purchase_order ON stock_item (purchase_order) WHERE purchase_order IS NOT NULL;
CREATE INDEX stock_item_sales_order ON stock_item (sales_order) WHERE sales_order IS NOT NULL;
CREATE INDEX stock_item_supplier_part ON stock_item (supplier_part) WHERE supplier_part IS NOT NULL;
CREATE INDEX stock_item_expiry ON stock_item (expiry_date) WHERE expiry_date IS NOT NULL;
CREATE INDEX stock_item_status ON stock_item (status);
CREATE INDEX stock_item_updated ON stock_item (updated);
CREATE INDEX stock_item_barcode ON stock_item (barcode_hash) WHERE barcode_hash <> '';

CREATE TRIGGER stock_item_added AFTER INSERT ON stock_item BEGIN
    UPDATE row_count SET rows = rows + 1 WHERE name = 'stock_item';
    UPDATE stock_location SET items = items + 1 WHERE id = new.location;
END;
CREATE TRIGGER stock_item_removed AFTER DELETE ON stock_item BEGIN
    UPDATE row_count SET rows = rows - 1 WHERE name = 'stock_item';
    UPDATE stock_location SET items = items - 1 WHERE id = old.location;
END;
CREATE TRIGGER stock_item_moved AFTER UPDATE OF location ON stock_item WHEN old.location IS NOT new.location BEGIN
    UPDATE stock_location SET items = items - 1 WHERE id = old.location;
    UPDATE stock_location SET items = items + 1 WHERE id = new.location;
END;

-- What happened to stock: one row for each event; `deltas` is JSON. It outlives its item.
CREATE TABLE stock_tracking (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item INTEGER REFERENCES stock_item (id) ON DELETE SET NULL,
    part INTEGER REFERENCES part (id) ON DELETE SET NULL,
    tracking_type INTEGER NOT NULL DEFAULT 0,
    date INTEGER NOT NULL,
    user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    notes TEXT,
    deltas TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX stock_tracking_item ON stock_tracking (item, date);
CREATE INDEX stock_tracking_part ON stock_tracking (part, date);
CREATE INDEX stock_tracking_date ON stock_tracking (date);
CREATE TRIGGER stock_tracking_added AFTER INSERT ON stock_tracking BEGIN
    UPDATE row_count SET rows = rows + 1 WHERE name = 'stock_tracking';
END;
CREATE TRIGGER stock_tracking_removed AFTER DELETE ON stock_tracking BEGIN
    UPDATE row_count SET rows = rows - 1 WHERE name = 'stock_tracking';
END;

CREATE TABLE stock_test_result (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stock_item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    template INTEGER REFERENCES part_test_template (id) ON DELETE CASCADE,
    result INTEGER NOT NULL DEFAULT 0,
    value TEXT NOT NULL DEFAULT '',
    attachment TEXT,
    notes TEXT NOT NULL DEFAULT '',
    test_station TEXT NOT NULL DEFAULT '',
    started_datetime INTEGER,
    finished_datetime INTEGER,
    user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    date INTEGER NOT NULL,
    metadata TEXT
);
CREATE INDEX stock_test_result_item ON stock_test_result (stock_item);
CREATE INDEX stock_test_result_template ON stock_test_result (template);

-- Tags and parameters refer to what carries them by model and key; they go when it goes, also when it goes with something else.
CREATE TRIGGER part_gone AFTER DELETE ON part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'part' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.part' AND model_id = old.id;
END;
CREATE TRIGGER part_category_gone AFTER DELETE ON part_category BEGIN
    DELETE FROM tagged_item WHERE model_type = 'partcategory' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'part.partcategory' AND model_id = old.id;
END;
CREATE TRIGGER company_gone AFTER DELETE ON company BEGIN
    DELETE FROM tagged_item WHERE model_type = 'company' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.company' AND model_id = old.id;
END;
CREATE TRIGGER manufacturer_part_gone AFTER DELETE ON manufacturer_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'manufacturerpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.manufacturerpart' AND model_id = old.id;
END;
CREATE TRIGGER supplier_part_gone AFTER DELETE ON supplier_part BEGIN
    DELETE FROM tagged_item WHERE model_type = 'supplierpart' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'company.supplierpart' AND model_id = old.id;
END;
CREATE TRIGGER stock_location_gone AFTER DELETE ON stock_location BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stocklocation' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stocklocation' AND model_id = old.id;
END;
CREATE TRIGGER stock_item_gone AFTER DELETE ON stock_item BEGIN
    DELETE FROM tagged_item WHERE model_type = 'stockitem' AND model_id = old.id;
    DELETE FROM parameter WHERE model_type = 'stock.stockitem' AND model_id = old.id;
END;

-- What the server remembers about itself: when it was made, its instance id.
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Lists of possible values for parameters.
CREATE TABLE selection_list (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    active INTEGER NOT NULL DEFAULT 1,
    locked INTEGER NOT NULL DEFAULT 0,
    source_string TEXT NOT NULL DEFAULT '',
    created INTEGER NOT NULL DEFAULT 0,
    last_updated INTEGER NOT NULL DEFAULT 0,
    metadata TEXT
);

-- Plugins that are compiled in and do something; empty until there is one.
CREATE TABLE plugin (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT,
    active INTEGER NOT NULL DEFAULT 0
);
