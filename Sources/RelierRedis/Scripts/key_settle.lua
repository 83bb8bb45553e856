-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Ends a key taken by hand: with a value it answers later takers for its time to live, without it is free. Whoever waits for it is queued.
-- ARGV: settings · id · fence · hash of the key · '' to free it, or time to live 8 · 1 when there is a value · value.
local task, hash = load(ARGV[2]), ARGV[4]
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED task') end
local record = readKey(HAND .. hash)
if not record or record.owner ~= task.id or record.state == 0 then return redis.error_reply('FENCED key') end
-- Sent again after its reply was lost.
if record.state == 2 then return 1 end
if ARGV[5] == '' then
    call('DEL', HAND .. hash)
else
    local until_ = later((unpack_of('>I8', ARGV[5])))
    call('SET', HAND .. hash, pack('>Bc16I4I7', 2, task.id, 0, until_) .. sub(ARGV[5], 9), 'PXAT', expiry(until_))
end
wakeSnoozed(hash)
openGates()
flushWakes()
return 1
