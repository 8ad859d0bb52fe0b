-- The tables of a stockroom, version 1. These files are the truth of storage; a database is made by running them, one after the other:
-- src/identity/schema.sql (people), src/common/schema.sql (what everything may carry), src/order/schema.sql (orders),
-- src/build/schema.sql (bills of materials, builds), this one (parts, companies, stock), src/report/schema.sql, src/machine/schema.sql,
-- and src/common/gone.sql (what goes when something goes).
--
-- Conventions. Every table has `id`, the primary key that the API calls pk; keys are never used twice (AUTOINCREMENT).
-- Quantities and money are INTEGER millionths. Moments are INTEGER milliseconds since 1970, UTC. Days are TEXT YYYY-MM-DD.
-- Flags are 0 or 1. Text that may be empty is NOT NULL DEFAULT '' unless the API tells null from empty.
--
-- Trees (`parent` and the like is the truth) carry three derived columns that the program keeps: `level` (0 at the root),
-- `pathstring` (names with / between, shortened in the middle beyond 250 characters) and `tree_key`: one segment for each
-- ancestor and the row itself, char(1) between them. A segment is the name, char(2) and the key in hexadecimal, so that
-- ORDER BY tree_key walks the tree by name, and the rows below K are those with K||char(1) < tree_key < K||char(2).

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
    "IPN" TEXT DEFAULT '',
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
CREATE UNIQUE INDEX part_name ON part (name, coalesce("IPN", ''), coalesce(revision, ''));
CREATE INDEX part_ipn ON part ("IPN");
-- Parts are found by it in any case of its letters.
CREATE INDEX part_ipn_any ON part ("IPN" COLLATE NOCASE);
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

CREATE INDEX part_image_name ON part (image) WHERE image IS NOT NULL;
-- The images of parts, with the number of parts that have each.
CREATE VIEW part_image (id, image, count) AS SELECT min(id), image, count(*) FROM part WHERE image IS NOT NULL AND image <> '' GROUP BY image;

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
    scheduled INTEGER NOT NULL DEFAULT 0,           -- to be reckoned anew
    bom_cost_min INTEGER,
    bom_cost_max INTEGER,
    purchase_cost_min INTEGER,
    purchase_cost_max INTEGER,
    internal_cost_min INTEGER,
    internal_cost_max INTEGER,
    supplier_price_min INTEGER,
    supplier_price_max INTEGER,
    variant_cost_min INTEGER,
    variant_cost_max INTEGER,
    override_min INTEGER,
    override_min_currency TEXT,
    override_max INTEGER,
    override_max_currency TEXT,
    overall_min INTEGER,
    overall_max INTEGER,
    sale_price_min INTEGER,
    sale_price_max INTEGER,
    sale_history_min INTEGER,
    sale_history_max INTEGER
);
CREATE INDEX part_pricing_scheduled ON part_pricing (scheduled) WHERE scheduled = 1;

-- How much of a part there was, day by day.
CREATE TABLE part_stocktake (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    date TEXT NOT NULL DEFAULT '',
    item_count INTEGER NOT NULL DEFAULT 1,
    quantity INTEGER NOT NULL,
    cost_min INTEGER,
    cost_min_currency TEXT NOT NULL DEFAULT 'USD',
    cost_max INTEGER,
    cost_max_currency TEXT NOT NULL DEFAULT 'USD'
);
CREATE INDEX part_stocktake_part ON part_stocktake (part, date);
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

-- Every search for a part asks for this number too, and for the supplier's.
CREATE VIRTUAL TABLE manufacturer_part_search USING fts5 ("MPN", description, content = 'manufacturer_part', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER manufacturer_part_added AFTER INSERT ON manufacturer_part BEGIN
    INSERT INTO manufacturer_part_search (rowid, "MPN", description) VALUES (new.id, new."MPN", new.description);
END;
CREATE TRIGGER manufacturer_part_removed AFTER DELETE ON manufacturer_part BEGIN
    INSERT INTO manufacturer_part_search (manufacturer_part_search, rowid, "MPN", description) VALUES ('delete', old.id, old."MPN", old.description);
END;
CREATE TRIGGER manufacturer_part_renamed AFTER UPDATE OF "MPN", description ON manufacturer_part BEGIN
    INSERT INTO manufacturer_part_search (manufacturer_part_search, rowid, "MPN", description) VALUES ('delete', old.id, old."MPN", old.description);
    INSERT INTO manufacturer_part_search (rowid, "MPN", description) VALUES (new.id, new."MPN", new.description);
END;

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

CREATE VIRTUAL TABLE supplier_part_search USING fts5 ("SKU", description, content = 'supplier_part', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER supplier_part_added AFTER INSERT ON supplier_part BEGIN
    INSERT INTO supplier_part_search (rowid, "SKU", description) VALUES (new.id, new."SKU", new.description);
END;
CREATE TRIGGER supplier_part_removed AFTER DELETE ON supplier_part BEGIN
    INSERT INTO supplier_part_search (supplier_part_search, rowid, "SKU", description) VALUES ('delete', old.id, old."SKU", old.description);
END;
CREATE TRIGGER supplier_part_renamed AFTER UPDATE OF "SKU", description ON supplier_part BEGIN
    INSERT INTO supplier_part_search (supplier_part_search, rowid, "SKU", description) VALUES ('delete', old.id, old."SKU", old.description);
    INSERT INTO supplier_part_search (rowid, "SKU", description) VALUES (new.id, new."SKU", new.description);
END;

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
-- Is there any at all?
CREATE INDEX stock_location_external ON stock_location (external) WHERE external = 1;
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
-- Batches are asked for in any case of their letters.
CREATE INDEX stock_item_batch ON stock_item (batch COLLATE NOCASE) WHERE batch <> '';
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
CREATE INDEX stock_item_state ON stock_item (status_custom_key) WHERE status_custom_key IS NOT NULL;
CREATE INDEX stock_item_updated ON stock_item (updated);
CREATE INDEX stock_item_barcode ON stock_item (barcode_hash) WHERE barcode_hash <> '';

-- Only what has a batch or a serial number is in it.
CREATE VIRTUAL TABLE stock_item_search USING fts5 (batch, serial, content = 'stock_item', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER stock_item_marked AFTER INSERT ON stock_item WHEN coalesce(new.batch, '') <> '' OR coalesce(new.serial, '') <> '' BEGIN
    INSERT INTO stock_item_search (rowid, batch, serial) VALUES (new.id, new.batch, new.serial);
END;
CREATE TRIGGER stock_item_unmarked AFTER DELETE ON stock_item WHEN coalesce(old.batch, '') <> '' OR coalesce(old.serial, '') <> '' BEGIN
    INSERT INTO stock_item_search (stock_item_search, rowid, batch, serial) VALUES ('delete', old.id, old.batch, old.serial);
END;
CREATE TRIGGER stock_item_remarked AFTER UPDATE OF batch, serial ON stock_item WHEN old.batch IS NOT new.batch OR old.serial IS NOT new.serial BEGIN
    INSERT INTO stock_item_search (stock_item_search, rowid, batch, serial)
        SELECT 'delete', old.id, old.batch, old.serial WHERE coalesce(old.batch, '') <> '' OR coalesce(old.serial, '') <> '';
    INSERT INTO stock_item_search (rowid, batch, serial)
        SELECT new.id, new.batch, new.serial WHERE coalesce(new.batch, '') <> '' OR coalesce(new.serial, '') <> '';
END;
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
