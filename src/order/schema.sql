-- Orders: what parts and stock count of them.

CREATE TABLE purchase_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    reference_int INTEGER NOT NULL DEFAULT 0,       -- the number in the reference, for order and for the next one
    description TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    created_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    creation_date TEXT,
    issue_date TEXT,
    start_date TEXT,
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    contact INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    address INTEGER REFERENCES address (id) ON DELETE SET NULL,
    updated_at INTEGER,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    supplier INTEGER REFERENCES company (id) ON DELETE SET NULL,
    supplier_reference TEXT NOT NULL DEFAULT '',
    order_currency TEXT,
    destination INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    complete_date TEXT
);
CREATE INDEX purchase_order_number ON purchase_order (reference_int, reference);
CREATE INDEX purchase_order_status ON purchase_order (status, target_date);
CREATE INDEX purchase_order_project ON purchase_order (project_code) WHERE project_code IS NOT NULL;
CREATE INDEX purchase_order_responsible ON purchase_order (responsible) WHERE responsible IS NOT NULL;
CREATE INDEX purchase_order_contact ON purchase_order (contact) WHERE contact IS NOT NULL;
CREATE INDEX purchase_order_address ON purchase_order (address) WHERE address IS NOT NULL;
CREATE INDEX purchase_order_barcode ON purchase_order (barcode_hash) WHERE barcode_hash <> '';
CREATE INDEX purchase_order_supplier ON purchase_order (supplier);

CREATE TABLE purchase_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES purchase_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    part INTEGER REFERENCES supplier_part (id) ON DELETE SET NULL,
    received INTEGER NOT NULL DEFAULT 0,
    purchase_price INTEGER,
    purchase_price_currency TEXT NOT NULL DEFAULT 'USD',
    destination INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    build_order INTEGER REFERENCES build (id) ON DELETE SET NULL
);
CREATE INDEX purchase_order_line_order ON purchase_order_line ("order");
CREATE INDEX purchase_order_line_part ON purchase_order_line (part);
CREATE INDEX purchase_order_line_build ON purchase_order_line (build_order) WHERE build_order IS NOT NULL;

-- What is paid for beside parts: freight, fees, discounts.
CREATE TABLE purchase_order_extra_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES purchase_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    description TEXT NOT NULL DEFAULT '',
    price INTEGER,
    price_currency TEXT NOT NULL DEFAULT 'USD'
);
CREATE INDEX purchase_order_extra_line_order ON purchase_order_extra_line ("order");

CREATE TABLE sales_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    reference_int INTEGER NOT NULL DEFAULT 0,       -- the number in the reference, for order and for the next one
    description TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    created_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    creation_date TEXT,
    issue_date TEXT,
    start_date TEXT,
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    contact INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    address INTEGER REFERENCES address (id) ON DELETE SET NULL,
    updated_at INTEGER,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    customer INTEGER REFERENCES company (id) ON DELETE SET NULL,
    customer_reference TEXT NOT NULL DEFAULT '',
    order_currency TEXT,
    shipment_date TEXT,
    shipped_by INTEGER REFERENCES user (id) ON DELETE SET NULL
);
CREATE INDEX sales_order_number ON sales_order (reference_int, reference);
CREATE INDEX sales_order_status ON sales_order (status, target_date);
CREATE INDEX sales_order_project ON sales_order (project_code) WHERE project_code IS NOT NULL;
CREATE INDEX sales_order_responsible ON sales_order (responsible) WHERE responsible IS NOT NULL;
CREATE INDEX sales_order_contact ON sales_order (contact) WHERE contact IS NOT NULL;
CREATE INDEX sales_order_address ON sales_order (address) WHERE address IS NOT NULL;
CREATE INDEX sales_order_barcode ON sales_order (barcode_hash) WHERE barcode_hash <> '';
CREATE INDEX sales_order_customer ON sales_order (customer);

CREATE TABLE sales_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES sales_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    part INTEGER REFERENCES part (id) ON DELETE SET NULL,
    shipped INTEGER NOT NULL DEFAULT 0,
    sale_price INTEGER,
    sale_price_currency TEXT NOT NULL DEFAULT 'USD'
);
CREATE INDEX sales_order_line_order ON sales_order_line ("order");
CREATE INDEX sales_order_line_part ON sales_order_line (part);

-- What is paid for beside parts: freight, fees, discounts.
CREATE TABLE sales_order_extra_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES sales_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    description TEXT NOT NULL DEFAULT '',
    price INTEGER,
    price_currency TEXT NOT NULL DEFAULT 'USD'
);
CREATE INDEX sales_order_extra_line_order ON sales_order_extra_line ("order");

CREATE TABLE sales_order_shipment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES sales_order (id) ON DELETE CASCADE,
    reference TEXT NOT NULL DEFAULT '1',
    shipment_date TEXT,
    delivery_date TEXT,
    shipment_address INTEGER REFERENCES address (id) ON DELETE SET NULL,
    checked_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    tracking_number TEXT NOT NULL DEFAULT '',
    invoice_number TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    UNIQUE ("order", reference)
);
CREATE INDEX sales_order_shipment_address ON sales_order_shipment (shipment_address) WHERE shipment_address IS NOT NULL;
CREATE INDEX sales_order_shipment_barcode ON sales_order_shipment (barcode_hash) WHERE barcode_hash <> '';

-- Stock set aside for a line of a sales order; once its shipment has left, what was sent.
CREATE TABLE sales_order_allocation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    line INTEGER NOT NULL REFERENCES sales_order_line (id) ON DELETE CASCADE,
    shipment INTEGER REFERENCES sales_order_shipment (id) ON DELETE SET NULL,
    item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL
);
CREATE INDEX sales_order_allocation_line ON sales_order_allocation (line);
CREATE INDEX sales_order_allocation_item ON sales_order_allocation (item, quantity);
CREATE INDEX sales_order_allocation_shipment ON sales_order_allocation (shipment);

CREATE TABLE return_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    reference_int INTEGER NOT NULL DEFAULT 0,       -- the number in the reference, for order and for the next one
    description TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    created_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    creation_date TEXT,
    issue_date TEXT,
    start_date TEXT,
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    contact INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    address INTEGER REFERENCES address (id) ON DELETE SET NULL,
    updated_at INTEGER,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    customer INTEGER REFERENCES company (id) ON DELETE SET NULL,
    customer_reference TEXT NOT NULL DEFAULT '',
    order_currency TEXT,
    complete_date TEXT
);
CREATE INDEX return_order_number ON return_order (reference_int, reference);
CREATE INDEX return_order_status ON return_order (status, target_date);
CREATE INDEX return_order_project ON return_order (project_code) WHERE project_code IS NOT NULL;
CREATE INDEX return_order_responsible ON return_order (responsible) WHERE responsible IS NOT NULL;
CREATE INDEX return_order_contact ON return_order (contact) WHERE contact IS NOT NULL;
CREATE INDEX return_order_address ON return_order (address) WHERE address IS NOT NULL;
CREATE INDEX return_order_barcode ON return_order (barcode_hash) WHERE barcode_hash <> '';
CREATE INDEX return_order_customer ON return_order (customer);

CREATE TABLE return_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES return_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    outcome INTEGER NOT NULL DEFAULT 10,
    received_date TEXT,
    price INTEGER,
    price_currency TEXT NOT NULL DEFAULT 'USD',
    UNIQUE ("order", item)
);
CREATE INDEX return_order_line_item ON return_order_line (item);

-- What is paid for beside parts: freight, fees, discounts.
CREATE TABLE return_order_extra_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES return_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    description TEXT NOT NULL DEFAULT '',
    price INTEGER,
    price_currency TEXT NOT NULL DEFAULT 'USD'
);
CREATE INDEX return_order_extra_line_order ON return_order_extra_line ("order");

CREATE TABLE transfer_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    reference_int INTEGER NOT NULL DEFAULT 0,       -- the number in the reference, for order and for the next one
    description TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    notes TEXT,
    status INTEGER NOT NULL DEFAULT 10,
    status_custom_key INTEGER,
    created_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    creation_date TEXT,
    issue_date TEXT,
    start_date TEXT,
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    responsible INTEGER REFERENCES owner (id) ON DELETE SET NULL,
    contact INTEGER REFERENCES contact (id) ON DELETE SET NULL,
    address INTEGER REFERENCES address (id) ON DELETE SET NULL,
    updated_at INTEGER,
    barcode_data TEXT NOT NULL DEFAULT '',
    barcode_hash TEXT NOT NULL DEFAULT '',
    metadata TEXT,
    take_from INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    destination INTEGER REFERENCES stock_location (id) ON DELETE SET NULL,
    consume INTEGER NOT NULL DEFAULT 0,
    complete_date TEXT
);
CREATE INDEX transfer_order_number ON transfer_order (reference_int, reference);
CREATE INDEX transfer_order_status ON transfer_order (status, target_date);
CREATE INDEX transfer_order_project ON transfer_order (project_code) WHERE project_code IS NOT NULL;
CREATE INDEX transfer_order_responsible ON transfer_order (responsible) WHERE responsible IS NOT NULL;
CREATE INDEX transfer_order_contact ON transfer_order (contact) WHERE contact IS NOT NULL;
CREATE INDEX transfer_order_address ON transfer_order (address) WHERE address IS NOT NULL;
CREATE INDEX transfer_order_barcode ON transfer_order (barcode_hash) WHERE barcode_hash <> '';

CREATE TABLE transfer_order_line (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "order" INTEGER NOT NULL REFERENCES transfer_order (id) ON DELETE CASCADE,
    line TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL,
    reference TEXT NOT NULL DEFAULT '',
    notes TEXT NOT NULL DEFAULT '',
    link TEXT NOT NULL DEFAULT '',
    target_date TEXT,
    project_code INTEGER REFERENCES project_code (id) ON DELETE SET NULL,
    metadata TEXT,
    part INTEGER REFERENCES part (id) ON DELETE SET NULL,
    transferred INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX transfer_order_line_order ON transfer_order_line ("order");
CREATE INDEX transfer_order_line_part ON transfer_order_line (part);

-- Stock set aside for a line of a transfer order.
CREATE TABLE transfer_order_allocation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    line INTEGER NOT NULL REFERENCES transfer_order_line (id) ON DELETE CASCADE,
    item INTEGER NOT NULL REFERENCES stock_item (id) ON DELETE CASCADE,
    quantity INTEGER NOT NULL
);
CREATE INDEX transfer_order_allocation_line ON transfer_order_allocation (line);
CREATE INDEX transfer_order_allocation_item ON transfer_order_allocation (item, quantity);
