-- Up to which sequence number the entries on single people were put together to numbers of intervals; see `retention.py`.
-- What a copy still has of them is not taken in again.
ALTER TABLE session ADD COLUMN condensed_seq INTEGER NOT NULL DEFAULT 0;
