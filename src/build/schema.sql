-- Bills of materials and build orders.

CREATE TABLE bom_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    sub_part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    raw_amount TEXT NOT NULL DEFAULT '1.0',         -- as written, perhaps with units
    quantity INTEGER NOT NULL DEFAULT 1000000,      -- the same in the units of the sub part
    reference TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    allow_variants INTEGER NOT NULL DEFAULT 0,
    inherited INTEGER NOT NULL DEFAULT 0,
    optional INTEGER NOT NULL DEFAULT 0,
    consumable INTEGER NOT NULL DEFAULT 0,
    setup_quantity INTEGER NOT NULL DEFAULT 0,      -- for a whole build, whatever its size
    attrition INTEGER NOT NULL DEFAULT 0,           -- millionths of a percent
    rounding_multiple INTEGER,
    -- What whoever validates a line looks at, and what it was when somebody did.
    fingerprint TEXT GENERATED ALWAYS AS (part || '/' || sub_part || '/' || quantity || '/' || setup_quantity || '/' || attrition || '/'
        || coalesce(rounding_multiple, '') || '/' || optional || inherited || consumable || allow_variants || '/' || reference) VIRTUAL,
    checked TEXT NOT NULL DEFAULT '',
    validated INTEGER GENERATED ALWAYS AS (checked = fingerprint) VIRTUAL,
    metadata TEXT
);
CREATE INDEX bom_item_part ON bom_item (part);
CREATE INDEX bom_item_sub_part ON bom_item (sub_part);

CREATE TABLE bom_substitute (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bom_item INTEGER NOT NULL REFERENCES bom_item (id) ON DELETE CASCADE,
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    metadata TEXT,
    UNIQUE (bom_item, part)
);
CREATE INDEX bom_substitute_part ON bom_substitute (part);

CREATE TABLE build (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    reference_int INTEGER NOT NULL DEFAULT 0,       -- the number in the reference, for order and for the next one
    title TEXT NOT NULL DEFAULT '',
    part INTEGER NOT NULL REFERENCES part (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    completed INTEGER NOT NULL DEFAULT 0,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    batch TEXT,
    external INTEGER NOT NULL DEFAULT 0,
    parent INTEGER REFERENCES build (id) ON DELETE SET NULL,
    sales_order INTEGER REFERENCES sales_order (id) ON DELETE SET NULL,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    take_from INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    destination INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    creation_date TEXT NOT NULL DEFAULT '',
    start_date TEXT,
    target_date TEXT,
    completion_date TEXT,
    issued_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    completed_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    level INTEGER NOT NULL DEFAULT 0,
    tree_key TEXT NOT NULL DEFAULT ''               -- of the tree of parents; segments are keys alone
);
CREATE INDEX build_part ON build (part, status);
CREATE INDEX build_number ON build (reference_int, reference);
CREATE INDEX build_parent ON build (parent);
CREATE INDEX build_tree ON build (tree_key);
CREATE INDEX build_sales_order ON build (sales_order);
CREATE INDEX build_project_code ON build (project_code);
CREATE INDEX build_take_from ON build (take_from);
CREATE INDEX build_destination ON build (destination);
CREATE INDEX build_barcode ON build (barcode_hash) WHERE barcode_hash <> '';

CREATE TABLE build_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build INTEGER NOT NULL REFERENCES build (id) ON DELETE CASCADE,
    bom_item INTEGER NOT NULL REFERENCES bom_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL,
    consumed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (build, bom_item)
);
CREATE INDEX build_line_bom_item ON build_line (bom_item);

-- Stock set aside for a line of a build, perhaps to be built into one of its outputs.
CREATE TABLE build_item (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    build_line INTEGER NOT NULL REFERENCES build_line (id) ON DELETE CASCADE,
    stock_item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    install_into INTEGER REFERENCES stock_item (id) ON DELETE CASCADE,
    metadata TEXT
);
CREATE INDEX build_item_line ON build_item (build_line, quantity);
CREATE INDEX build_item_stock ON build_item (stock_item, quantity);
CREATE INDEX build_item_output ON build_item (install_into) WHERE install_into IS NOT NULL;

