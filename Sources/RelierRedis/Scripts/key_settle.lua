-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Ends a key taken by hand: with a value it answers later takers for its time to live, without it is free. Whoever waits for it is queued. Answers what other partitions
-- are asked.
-- ARGV: settings · id · fence · hash of the key, and the id behind it for a key of another partition · '' to free it, or time to live 8 · 1 when there is a value · value.
local task, name = load(ARGV[2]), ARGV[4]
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED task') end
local record = readKey(HAND .. name)
if not record or record.owner ~= task.id or record.state == 0 then return redis.error_reply('FENCED key') end
local function settled() if #name == 16 then handFreed(name) else post('g', sub(name, 1, 16)) end end
-- Sent again after its reply was lost.
if record.state == 2 then
    if PARTITIONS > 1 then settled() end
    return posted()
end
if ARGV[5] == '' then
    call('DEL', HAND .. name)
else
    local until_ = later((unpack_of('>I8', ARGV[5])))
    call('SET', HAND .. name, pack('>Bc16I4I7', 2, task.id, 0, until_) .. sub(ARGV[5], 9), 'PXAT', expiry(until_))
end
settled()
openGates()
flushWakes()
return posted()
