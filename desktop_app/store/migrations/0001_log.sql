-- The log. Rows of `entry` are only ever added, and removed with their whole session.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- All but `key`, `id`, `deleted_utc` and `is_purged` is worked out from the entries, in the transaction that adds them.
CREATE TABLE session (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    place TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    opened_utc REAL,
    closed_utc REAL,
    first_seq INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER NOT NULL DEFAULT 0,
    last_utc REAL NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    joined TEXT NOT NULL DEFAULT '[]', -- ids of the sessions whose entries belong to this count too, JSON
    deleted_utc REAL,
    is_purged INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE door (
    key INTEGER PRIMARY KEY,
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    name TEXT NOT NULL, -- '' for what concerns the whole session
    UNIQUE (session, name)
) STRICT;

-- A row number is never used again, so that a reader can ask for what is new since it last looked.
CREATE TABLE entry (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id ANY NOT NULL, -- the 16 bytes of a UUID, or any other text
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    door INTEGER NOT NULL REFERENCES door (key),
    seq INTEGER NOT NULL,
    utc REAL NOT NULL,
    kind TEXT NOT NULL,
    event TEXT NOT NULL -- the fields of the event, JSON
) STRICT;

-- Also tells an entry that comes twice. An index on the random `id` alone would touch a page of the file for every entry.
CREATE UNIQUE INDEX entry_by_session ON entry (session, seq, id);

CREATE INDEX entry_about_session ON entry (session, seq)
WHERE kind IN ('opened', 'closed', 'reopened', 'joined', 'undone');

-- What the entries of a session add up to, so that a long one opens at once. Worked out again where it is behind.
CREATE TABLE summary (
    session INTEGER PRIMARY KEY REFERENCES session (key) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    people INTEGER NOT NULL,
    female INTEGER NOT NULL,
    male INTEGER NOT NULL,
    undecided INTEGER NOT NULL,
    summary TEXT NOT NULL
) STRICT;
