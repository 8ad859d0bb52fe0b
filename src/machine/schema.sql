-- Machines, and what is set for them.

CREATE TABLE machine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,                      -- the key that the API shows
    name TEXT NOT NULL UNIQUE,
    machine_type TEXT NOT NULL,
    driver TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE machine_setting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    machine INTEGER NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
    config_type TEXT NOT NULL CHECK (config_type IN ('M', 'D')), -- of the machine or of its driver
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (machine, config_type, key)
);
