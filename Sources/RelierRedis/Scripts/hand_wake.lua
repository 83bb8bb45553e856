-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Queues the next that waits here for a key of another partition. ARGV: settings · hash · how many. Answers 1 when more are left, which the key's own
-- partition has to know.
local isMore = wakeSnoozed(ARGV[2], tonumber(ARGV[3]))
openGates()
flushWakes()
return isMore and 1 or 0
