-- photo.sha256 is the digest of what was uploaded (the phone's receipt, and what betrays a photo used twice);
-- the file kept is a clean re-encoding without hidden data, and this is its own digest.
ALTER TABLE photo ADD COLUMN stored_sha256 bytea;
