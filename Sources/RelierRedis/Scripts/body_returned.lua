-- flags: allow-oom
-- uses: core task wake ready_key ready history gates keys ending_read records ending
-- The body of an ended attempt has returned: slots and keys that were kept for it are free. Again, or under another fence, it changes nothing.
-- ARGV: settings · id · fence.
local id, fence = ARGV[2], ARGV[3]
for _, kept in ipairs(call('SMEMBERS', P .. ':B:' .. id)) do
    if sub(kept, 1, 16) == fence then freeSlot(id, fence, unpack_of('>I4', kept, 17), sub(kept, 21)) end
end
local task = load(id)
if task then
    if task.state == DEAD and pack('>I8c8', task.fence, task.token) == fence then
        if task.hash then freeKey(task.hash, id, 0) end
        freeHands(id, 0)
    end
else
    local text = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
    if text and byte(text) == CANCELLED and sub(text, 11, 26) == fence then
        if has(byte(text, 2), MARK.keyed) then
            local at = has(byte(text, 2), MARK.ownEnd) and 75 or 68
            freeKey(sub(text, at, at + 15), id, 0)
        end
        freeHands(id, 0)
    end
end
openGates()
flushWakes()
return 1
