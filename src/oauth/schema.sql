-- OAuth: programs that act for users with the users' consent.

CREATE TABLE oauth_client (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL UNIQUE,
    secret BLOB,                                    -- SHA-256; none for programs that cannot keep one
    name TEXT NOT NULL,
    redirects TEXT NOT NULL DEFAULT '',             -- the addresses to return to, one a line
    acts_as INTEGER REFERENCES user (id) ON DELETE CASCADE, -- for programs that act on their own account
    created INTEGER NOT NULL
);

-- Codes that a program trades for tokens; as digests.
CREATE TABLE oauth_code (
    digest BLOB PRIMARY KEY NOT NULL,
    client INTEGER NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    family BLOB NOT NULL,                           -- what all tokens have in common that come of one consent
    redirect TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    challenge TEXT,                                 -- PKCE, S256
    nonce TEXT,
    authenticated INTEGER NOT NULL,                 -- when the user last proved who it is
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX oauth_code_client ON oauth_code (client);
CREATE INDEX oauth_code_user ON oauth_code (user);

-- Access and refresh tokens; as digests.
CREATE TABLE oauth_token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    refresh INTEGER NOT NULL,
    client INTEGER NOT NULL REFERENCES oauth_client (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    family BLOB NOT NULL,
    scopes INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0                 -- a refresh token that was traded in
);
CREATE INDEX oauth_token_family ON oauth_token (family);
CREATE INDEX oauth_token_client ON oauth_token (client);
CREATE INDEX oauth_token_user ON oauth_token (user);
CREATE INDEX oauth_token_expires ON oauth_token (expires);

-- The key that signs identity tokens: its two primes, sealed under the secret key file.
CREATE TABLE oauth_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
);

-- The program that the reference ships with: public, with PKCE; the addresses are those at which its Python client listens.
INSERT INTO oauth_client (client_id, name, redirects, created) SELECT 'zDFnsiRheJIOKNx6aCQ0quBxECg1QBHtVFDPloJ6', 'InvenTree default client',
    group_concat('http://localhost:' || value, char(10)), 0
    FROM json_each('[29170,29171,29172,29173,29174,29175,29176,29177,29178,29179]');
