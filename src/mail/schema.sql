-- Mail that was sent, or was to be sent.

CREATE TABLE email_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    global_id TEXT NOT NULL UNIQUE,
    message_id_key TEXT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,                             -- without the links that let somebody in
    "to" TEXT NOT NULL,
    sender TEXT NOT NULL,
    status TEXT,
    timestamp INTEGER NOT NULL,
    direction TEXT,
    priority INTEGER NOT NULL DEFAULT 3,
    error_code TEXT,
    error_message TEXT,
    error_timestamp INTEGER
);
