-- What reports and labels are printed from.

CREATE TABLE report_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    model_type TEXT NOT NULL,
    template TEXT NOT NULL,                         -- name below the media folder
    filters TEXT NOT NULL DEFAULT '',
    filename_pattern TEXT NOT NULL DEFAULT 'output.pdf',
    enabled INTEGER NOT NULL DEFAULT 1,
    attach_to_model INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    page_size TEXT NOT NULL DEFAULT 'A4',
    landscape INTEGER NOT NULL DEFAULT 0,
    merge INTEGER NOT NULL DEFAULT 0,
    updated INTEGER,
    updated_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    metadata TEXT,
    UNIQUE (name, model_type)
);

CREATE TABLE label_template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    model_type TEXT NOT NULL,
    template TEXT NOT NULL,                         -- name below the media folder
    filters TEXT NOT NULL DEFAULT '',
    filename_pattern TEXT NOT NULL DEFAULT 'output.pdf',
    enabled INTEGER NOT NULL DEFAULT 1,
    attach_to_model INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    width REAL NOT NULL DEFAULT 50,                 -- millimetres
    height REAL NOT NULL DEFAULT 20,
    updated INTEGER,
    updated_by INTEGER REFERENCES user (id) ON DELETE SET NULL,
    metadata TEXT,
    UNIQUE (name, model_type)
);

-- Pieces that templates have in common, and images that they show; names below the media folder.
CREATE TABLE report_snippet (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    snippet TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT ''
);

CREATE TABLE report_asset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT ''
);
