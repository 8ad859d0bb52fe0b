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
    date INTEGER NOT NULL,
    model_type TEXT,
    model_id INTEGER
);
CREATE INDEX notes_image_image ON notes_image (image);
