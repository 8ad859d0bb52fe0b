-- What the trade shares: settings, tags, parameters, states, and what the server knows of itself.

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

-- By which ways besides the list of notifications a user wants to be told.
CREATE TABLE notification_setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    method TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (user, key)
);
CREATE TRIGGER user_notification_setting AFTER INSERT ON user BEGIN
    INSERT INTO notification_setting (user, key, method, value) VALUES (new.id, 'NOTIFICATION_METHOD_MAIL', 'email', 'True');
END;

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
CREATE INDEX tagged_item_tag ON tagged_item (tag, model_type, model_id);

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
    model INTEGER,                                  -- a key of content_type, which is no table
    reference_status TEXT NOT NULL,
    UNIQUE (reference_status, key),
    UNIQUE (reference_status, name)
);

-- What the server remembers about itself: when it was made, its instance id.
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- The models, by number and name. A view, because they are no data: a later version may show more of them, but never others by these numbers.
CREATE VIEW content_type (id, app_label, model, app_name, name) AS VALUES
    (1, 'auth', 'group', 'Users and Groups', 'Group'),
    (2, 'auth', 'permission', 'Users and Groups', 'Permission'),
    (3, 'auth', 'user', 'Users and Groups', 'User'),
    (4, 'users', 'apitoken', 'Users', 'API Token'),
    (5, 'users', 'owner', 'Users', 'Owner'),
    (6, 'users', 'ruleset', 'Users', 'Rule Set'),
    (7, 'users', 'userprofile', 'Users', 'User Profile'),
    (8, 'contenttypes', 'contenttype', 'Models', 'Model'),
    (9, 'taggit', 'tag', 'Tags', 'Tag'),
    (10, 'taggit', 'taggeditem', 'Tags', 'Tagged Item'),
    (11, 'common', 'attachment', 'Common', 'Attachment'),
    (12, 'common', 'barcodescanresult', 'Common', 'Barcode Scan'),
    (13, 'common', 'customunit', 'Common', 'Custom Unit'),
    (14, 'common', 'dataoutput', 'Common', 'Data Output'),
    (15, 'common', 'emailmessage', 'Common', 'E-mail Message'),
    (16, 'common', 'emailthread', 'Common', 'E-mail Thread'),
    (17, 'common', 'inventreecustomuserstatemodel', 'Common', 'Custom State'),
    (18, 'common', 'inventreesetting', 'Common', 'Setting'),
    (19, 'common', 'inventreeusersetting', 'Common', 'User Setting'),
    (20, 'common', 'newsfeedentry', 'Common', 'News'),
    (21, 'common', 'notesimage', 'Common', 'Notes Image'),
    (22, 'common', 'notificationentry', 'Common', 'Notification Entry'),
    (23, 'common', 'notificationmessage', 'Common', 'Notification Message'),
    (24, 'common', 'parameter', 'Common', 'Parameter'),
    (25, 'common', 'parametertemplate', 'Common', 'Parameter Template'),
    (26, 'common', 'projectcode', 'Common', 'Project Code'),
    (27, 'common', 'selectionlist', 'Common', 'Selection List'),
    (28, 'common', 'selectionlistentry', 'Common', 'Selection List Entry'),
    (29, 'common', 'webhookendpoint', 'Common', 'Webhook Endpoint'),
    (30, 'common', 'webhookmessage', 'Common', 'Webhook Message'),
    (31, 'part', 'bomitem', 'Part', 'BOM Item'),
    (32, 'part', 'bomitemsubstitute', 'Part', 'BOM Item Substitute'),
    (33, 'part', 'part', 'Part', 'Part'),
    (34, 'part', 'partcategory', 'Part', 'Part Category'),
    (35, 'part', 'partcategoryparametertemplate', 'Part', 'Part Category Parameter Template'),
    (36, 'part', 'partcategorystar', 'Part', 'Part Category Star'),
    (37, 'part', 'partinternalpricebreak', 'Part', 'Part Internal Price Break'),
    (38, 'part', 'partpricing', 'Part', 'Part Pricing'),
    (39, 'part', 'partrelated', 'Part', 'Related Part'),
    (40, 'part', 'partsellpricebreak', 'Part', 'Part Sale Price Break'),
    (41, 'part', 'partstar', 'Part', 'Part Star'),
    (42, 'part', 'partstocktake', 'Part', 'Part Stocktake'),
    (43, 'part', 'parttesttemplate', 'Part', 'Part Test Template'),
    (44, 'stock', 'stockitem', 'Stock', 'Stock Item'),
    (45, 'stock', 'stockitemtestresult', 'Stock', 'Stock Item Test Result'),
    (46, 'stock', 'stockitemtracking', 'Stock', 'Stock Item Tracking'),
    (47, 'stock', 'stocklocation', 'Stock', 'Stock Location'),
    (48, 'stock', 'stocklocationtype', 'Stock', 'Stock Location Type'),
    (49, 'company', 'address', 'Company', 'Address'),
    (50, 'company', 'company', 'Company', 'Company'),
    (51, 'company', 'contact', 'Company', 'Contact'),
    (52, 'company', 'manufacturerpart', 'Company', 'Manufacturer Part'),
    (53, 'company', 'supplierpart', 'Company', 'Supplier Part'),
    (54, 'company', 'supplierpricebreak', 'Company', 'Supplier Price Break'),
    (55, 'build', 'build', 'Build', 'Build Order'),
    (56, 'build', 'builditem', 'Build', 'Build Item'),
    (57, 'build', 'buildline', 'Build', 'Build Line'),
    (58, 'order', 'purchaseorder', 'Order', 'Purchase Order'),
    (59, 'order', 'purchaseorderextraline', 'Order', 'Purchase Order Extra Line'),
    (60, 'order', 'purchaseorderlineitem', 'Order', 'Purchase Order Line Item'),
    (61, 'order', 'returnorder', 'Order', 'Return Order'),
    (62, 'order', 'returnorderextraline', 'Order', 'Return Order Extra Line'),
    (63, 'order', 'returnorderlineitem', 'Order', 'Return Order Line Item'),
    (64, 'order', 'salesorder', 'Order', 'Sales Order'),
    (65, 'order', 'salesorderallocation', 'Order', 'Sales Order Allocation'),
    (66, 'order', 'salesorderextraline', 'Order', 'Sales Order Extra Line'),
    (67, 'order', 'salesorderlineitem', 'Order', 'Sales Order Line Item'),
    (68, 'order', 'salesordershipment', 'Order', 'Sales Order Shipment'),
    (69, 'order', 'transferorder', 'Order', 'Transfer Order'),
    (70, 'order', 'transferorderallocation', 'Order', 'Transfer Order Allocation'),
    (71, 'order', 'transferorderlineitem', 'Order', 'Transfer Order Line Item'),
    (72, 'report', 'labeltemplate', 'Report', 'Label Template'),
    (73, 'report', 'reportasset', 'Report', 'Report Asset'),
    (74, 'report', 'reportsnippet', 'Report', 'Report Snippet'),
    (75, 'report', 'reporttemplate', 'Report', 'Report Template'),
    (76, 'plugin', 'pluginconfig', 'Plugin', 'Plugin'),
    (77, 'plugin', 'pluginsetting', 'Plugin', 'Plugin Setting'),
    (78, 'plugin', 'pluginusersetting', 'Plugin', 'Plugin User Setting'),
    (79, 'machine', 'machineconfig', 'Machine', 'Machine'),
    (80, 'machine', 'machinesetting', 'Machine', 'Machine Setting'),
    (81, 'importer', 'dataimportcolumnmap', 'Importer', 'Import Column'),
    (82, 'importer', 'dataimportrow', 'Importer', 'Import Row'),
    (83, 'importer', 'dataimportsession', 'Importer', 'Import Session');

-- Units of a shop's own, beside the built-in ones.
CREATE TABLE custom_unit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    symbol TEXT NOT NULL DEFAULT '',
    definition TEXT NOT NULL
);

-- Lists of possible values for parameters.
CREATE TABLE selection_list (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    active INTEGER NOT NULL DEFAULT 1,
    locked INTEGER NOT NULL DEFAULT 0,
    source_plugin INTEGER REFERENCES plugin (id) ON DELETE SET NULL,
    source_string TEXT NOT NULL DEFAULT '',
    "default" INTEGER REFERENCES selection_entry (id) ON DELETE SET NULL,
    created INTEGER NOT NULL,
    last_updated INTEGER NOT NULL,
    metadata TEXT
);

CREATE TABLE selection_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list INTEGER NOT NULL REFERENCES selection_list (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    label TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    active INTEGER NOT NULL DEFAULT 1,
    UNIQUE (list, value)
);

-- What plugins are elsewhere and what is compiled in here.
CREATE TABLE plugin (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT,
    active INTEGER NOT NULL DEFAULT 0
);

-- What users were told; `target` and `source` name rows of the view `thing`.
CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    category TEXT NOT NULL,
    name TEXT NOT NULL,
    message TEXT,
    creation INTEGER NOT NULL,
    read INTEGER NOT NULL DEFAULT 0,
    target_type TEXT,
    target_id INTEGER,
    source_type TEXT,
    source_id INTEGER
);
CREATE INDEX notification_user ON notification (user, creation);

-- When the last news of a kind about a thing was sent.
CREATE TABLE notification_sent (
    category TEXT NOT NULL,
    model TEXT NOT NULL,
    key INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (category, model, key)
) WITHOUT ROWID;

-- Answers that went wrong by our own fault.
CREATE TABLE error_report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    info TEXT NOT NULL,
    data TEXT,
    path TEXT
);
CREATE INDEX error_report_at ON error_report (at);

-- News for the users of this server; `stockroom news` writes them.
CREATE TABLE news_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    link TEXT NOT NULL,
    published INTEGER NOT NULL,
    author TEXT NOT NULL,
    summary TEXT NOT NULL,
    read INTEGER NOT NULL DEFAULT 0
);

-- How much one unit of the base currency is worth, in millionths of the other.
CREATE TABLE exchange_rate (
    currency TEXT PRIMARY KEY,
    rate INTEGER NOT NULL
) WITHOUT ROWID;

-- Addresses at which other programs may leave messages. Token and HMAC secret are not here: they are derived from the secret key
-- file and `seed`.
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    proof TEXT NOT NULL CHECK (proof IN ('none', 'token', 'hmac')),
    seed BLOB NOT NULL,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE webhook_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook INTEGER NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    host TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX webhook_message_webhook ON webhook_message (webhook, at);

-- What the server does by itself once a day, and what went wrong of it. Nothing ever waits.
CREATE TABLE scheduled_task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    args TEXT,
    kwargs TEXT,
    schedule_type TEXT NOT NULL DEFAULT 'D',
    repeats INTEGER NOT NULL DEFAULT -1,
    last_run INTEGER NOT NULL,
    next_run INTEGER,
    success INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE failed_task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    args TEXT,
    kwargs TEXT,
    started INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    attempt_count INTEGER NOT NULL DEFAULT 1,
    result TEXT NOT NULL
);

CREATE VIEW pending_task (id, key, lock, task_id, name, func, args, kwargs) AS SELECT 0, '', 0, '', '', '', '', '' WHERE 0;

-- Images that notes show.
CREATE TABLE notes_image (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image TEXT NOT NULL,
    user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    date INTEGER NOT NULL DEFAULT 0,
    model_type TEXT,
    model_id INTEGER
);
CREATE INDEX notes_image_image ON notes_image (image);

-- Files and links that belong to something.
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_type TEXT NOT NULL,
    model_id INTEGER NOT NULL,
    attachment TEXT,                                -- name below the media folder
    link TEXT,
    comment TEXT NOT NULL DEFAULT '',
    is_image INTEGER NOT NULL DEFAULT 0,
    file_size INTEGER NOT NULL DEFAULT 0,
    upload_date TEXT NOT NULL DEFAULT '',
    upload_user INTEGER REFERENCES user (id) ON DELETE SET NULL,
    metadata TEXT
);
CREATE INDEX attachment_of ON attachment (model_type, model_id);
CREATE INDEX attachment_file ON attachment (attachment) WHERE attachment IS NOT NULL;
CREATE TRIGGER attachment_gone AFTER DELETE ON attachment BEGIN
    DELETE FROM tagged_item WHERE model_type = 'attachment' AND model_id = old.id;
END;

-- What was scanned, where it is kept.
CREATE TABLE barcode_scan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    endpoint TEXT,
    context TEXT,
    response TEXT,
    result INTEGER NOT NULL DEFAULT 0,
    user INTEGER REFERENCES user (id) ON DELETE SET NULL
);
CREATE INDEX barcode_scan_timestamp ON barcode_scan (timestamp);

-- Settings of what plugins are elsewhere and what is compiled in here; `choices` is JSON.
CREATE TABLE plugin_setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    choices TEXT NOT NULL DEFAULT '[]'
);
INSERT INTO plugin (key, name, active) VALUES ('inventreebarcode', 'InvenTreeBarcode', 1);
INSERT INTO plugin_setting (plugin, key, value, name, description, choices) VALUES
    ('inventreebarcode', 'INTERNAL_BARCODE_FORMAT', 'short', 'Form of codes', 'How the codes of our own things are written',
     '[{"value":"json","display_name":"JSON"},{"value":"short","display_name":"Short"}]'),
    ('inventreebarcode', 'SHORT_BARCODE_PREFIX', 'INV-', 'Prefix of short codes', 'How short codes begin', '[]');

-- Files that the server made for somebody.
CREATE TABLE data_output (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    user INTEGER REFERENCES user (id) ON DELETE CASCADE,
    total INTEGER NOT NULL DEFAULT 1,
    progress INTEGER NOT NULL DEFAULT 0,
    complete INTEGER NOT NULL DEFAULT 0,
    output_type TEXT,
    template_name TEXT,
    plugin TEXT,
    output TEXT,
    errors TEXT
);
CREATE INDEX data_output_output ON data_output (output);

-- What came with an import of records and has no place in these tables: whole records of models that nothing here uses, and single
-- fields. An export writes it back. `fields` is JSON.
CREATE TABLE kept_record (
    model TEXT NOT NULL,
    key TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (model, key)
) WITHOUT ROWID;
