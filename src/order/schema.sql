-- Bills of materials, builds and orders: what parts and stock count of them.

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

CREATE TABLE return_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE
);

CREATE TABLE transfer_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE
);
