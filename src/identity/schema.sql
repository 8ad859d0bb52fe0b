-- People: users, groups, their rights, and what lets them in.

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE CHECK (username <> ''),
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',                 -- the first address; further ones: user_mail
    email_verified INTEGER NOT NULL DEFAULT 0,
    password TEXT NOT NULL DEFAULT '!',             -- Django's format: pbkdf2_sha256$iterations$salt$hash; ! means none
    is_staff INTEGER NOT NULL DEFAULT 0,
    is_superuser INTEGER NOT NULL DEFAULT 0,
    is_active INTEGER NOT NULL DEFAULT 1,
    date_joined INTEGER NOT NULL DEFAULT 0,
    last_login INTEGER,
    -- the profile
    language TEXT,
    theme TEXT,                                     -- JSON, the business of the browser client
    widgets TEXT,                                   -- likewise
    displayname TEXT,
    position TEXT,
    status TEXT,
    location TEXT,
    active INTEGER NOT NULL DEFAULT 1,
    contact TEXT,
    type TEXT NOT NULL DEFAULT 'internal',
    organisation TEXT,
    preferred_ui TEXT NOT NULL DEFAULT 'cui',       -- what clients of API 196 prefer: cui or pui
    primary_group INTEGER REFERENCES user_group (id) ON DELETE SET NULL,
    metadata TEXT
);
CREATE INDEX user_email ON user (email);

CREATE TABLE user_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE user_group_member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    "group" INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    UNIQUE (user, "group")
);
CREATE INDEX user_group_member_group ON user_group_member ("group");

-- What a group's members may do; every group has a row for each of the eleven roles.
CREATE TABLE ruleset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    "group" INTEGER NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    can_view INTEGER NOT NULL DEFAULT 0,
    can_add INTEGER NOT NULL DEFAULT 0,
    can_change INTEGER NOT NULL DEFAULT 0,
    can_delete INTEGER NOT NULL DEFAULT 0,
    UNIQUE ("group", name)
);

-- Who may be responsible for things: every user and every group, one row each.
CREATE TABLE owner (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER UNIQUE REFERENCES user (id) ON DELETE CASCADE,
    "group" INTEGER UNIQUE REFERENCES user_group (id) ON DELETE CASCADE,
    CHECK ((user IS NULL) <> ("group" IS NULL))
);

-- API tokens. The token itself is not here: it is derived from the secret key file and `seed`, and found by its digest.
CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '',
    digest BLOB NOT NULL UNIQUE,                    -- SHA-256 of the token
    seed BLOB NOT NULL,                             -- 16 random bytes
    masked TEXT NOT NULL,                           -- the first 8 and the last 12 characters, for lists
    created INTEGER NOT NULL,
    expiry TEXT NOT NULL,
    last_seen TEXT,
    revoked INTEGER NOT NULL DEFAULT 0,
    metadata TEXT
);
CREATE INDEX token_user ON token (user, name);

-- Browser sessions; again only the digest of what the cookie holds.
CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    ip TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    methods TEXT NOT NULL DEFAULT '[]',             -- JSON: how the user proved who it is, and when
    proven INTEGER NOT NULL DEFAULT 0,              -- when that was last done; sensitive changes want it to be fresh
    setup BLOB                                      -- sealed: the secret of an authenticator app that is being set up
);
CREATE INDEX session_user ON session (user);
CREATE INDEX session_expires ON session (expires);

-- Logins that wait for a second factor; the cookie is that of the session to come.
CREATE TABLE login_stage (
    digest BLOB PRIMARY KEY NOT NULL,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL,
    methods TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX login_stage_user ON login_stage (user);

-- Second factors. `secret` is sealed under the secret key file.
CREATE TABLE authenticator (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    type TEXT NOT NULL CHECK (type IN ('totp', 'recovery_codes', 'webauthn')),
    secret BLOB NOT NULL,                           -- of the app, the seed of the recovery codes, or the public key of the passkey (COSE)
    used INTEGER NOT NULL DEFAULT 0,                -- the last 30 seconds' step that was used, a bit for each used recovery code, or the passkey's counter
    created INTEGER NOT NULL,
    last_used INTEGER
);
CREATE INDEX authenticator_user ON authenticator (user, type);
CREATE UNIQUE INDEX authenticator_single ON authenticator (user, type) WHERE type <> 'webauthn';

-- What passkeys have besides.
CREATE TABLE passkey (
    authenticator INTEGER PRIMARY KEY REFERENCES authenticator (id) ON DELETE CASCADE,
    credential BLOB NOT NULL UNIQUE,                -- its own name for itself
    party TEXT NOT NULL,                            -- the host for which it was made; it answers for no other
    name TEXT NOT NULL,                             -- its owner's name for it
    verified INTEGER NOT NULL,                      -- did it make sure who is there when it was made? only then it stands for a password
    discoverable INTEGER                            -- can it be found without its name? null where the browser did not tell
);

-- Wrong codes of the last quarter of an hour.
CREATE TABLE code_failure (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    at INTEGER NOT NULL
);
CREATE INDEX code_failure_user ON code_failure (user);

-- Further e-mail addresses of a user; the first one stands with the user.
CREATE TABLE user_mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    email TEXT NOT NULL COLLATE NOCASE,
    verified INTEGER NOT NULL DEFAULT 0,
    UNIQUE (user, email)
);
CREATE INDEX user_mail_email ON user_mail (email);

-- Keys sent by mail, as digests.
CREATE TABLE mail_key (
    digest BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX mail_key_user ON mail_key (user);
