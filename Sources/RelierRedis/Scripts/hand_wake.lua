-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Queues what waits here for a key of another partition. ARGV: settings · hash.
wakeSnoozed(ARGV[2])
openGates()
flushWakes()
return 1
