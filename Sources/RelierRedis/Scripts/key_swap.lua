-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Replaces another partition's claim on a key by what became of it, unless the record has changed since.
-- ARGV: settings · 'k' or 'g' · hash · the record as it was seen · the new one or '' · when that ends.
-- Answers what other partitions are asked.
local letter, hash, seen, new = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local name = (letter == 'k' and KEY or HAND) .. hash
if call('GET', name) ~= seen then return {} end
if new == '' then call('DEL', name) else call('SET', name, new, 'PXAT', expiry(tonumber(ARGV[6]))) end
call('SREM', P .. ':kf', letter .. hash)
if letter == 'g' then handFreed(hash) end
openGates()
flushWakes()
return posted()
