-- Orders: what parts and stock count of them.

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
