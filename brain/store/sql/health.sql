-- health_now --
-- The figures of /healthz in one row.
SELECT (SELECT coalesce(sum(stored), 0) FROM intake_batch WHERE received_at > %(now)s - interval '1 minute')
         AS readings_last_minute,
       (SELECT extract(epoch FROM %(now)s - max(last_received_at)) FROM feed_status) AS intake_lag_s,
       (SELECT coalesce(extract(epoch FROM %(now)s - min(b.received_at)), 0)
          FROM intake_batch b, consumer c
         WHERE c.name = 'engine' AND (b.xid, b.id) > (c.xid, c.batch)) AS engine_lag_s,
       (SELECT count(*) FROM alert WHERE cleared_at IS NULL) AS open_alerts,
       (SELECT count(*) FROM event WHERE NOT brain_closed(state)) AS open_events;

-- health_feeds --
-- Age of each feed's newest message.
SELECT feed, extract(epoch FROM %(now)s - last_received_at) AS age_s FROM feed_status ORDER BY feed;

-- health_alive --
-- A connection under that application name.
SELECT pid FROM pg_stat_activity WHERE application_name = %(name)s LIMIT 1;
