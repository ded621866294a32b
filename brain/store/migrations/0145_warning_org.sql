-- Which department reported a warning: the text of a sender is easily copied, and only the one that reported a warning ends it.

ALTER TABLE warning ADD COLUMN org text;   -- '' for what the platform fetched itself; null, from before: whoever has its sender ends it
