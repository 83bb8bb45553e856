-- flags: allow-oom
-- uses: core task wake ready_key ready history gates keys ending_read records ending
-- Advances the lease's counter and compares what the worker holds with what stands here.
--
-- What was claimed under an answered request and is not named is queued again, counting nothing: its claim's reply was lost. What is named and is not
-- held comes back as lost, unless the worker's own settlement ended it.
--
-- ARGV: settings · incarnation · stuck bodies · answered request · what it holds, 32 bytes each (id, fence) · then progress, 49 bytes each (id, fence,
-- done 8, 1 when there is a total, total 8).
-- Answers false when it is not joined any more; otherwise the lost ids, the number of strays, and the order.
local number = tonumber(call('HGET', P .. ':in', ARGV[2]))
if not number then return false end
local member, through, held = P .. ':m:' .. number, tonumber(ARGV[4]), ARGV[5]
call('HINCRBY', member, 'counter', 1)
call('HSET', member, 'stuck', ARGV[3])
local missing = {}
for index = 1, #held, 32 do missing[sub(held, index, index + 15)] = sub(held, index + 16, index + 31) end
local strays = 0
for _, id in ipairs(call('SMEMBERS', P .. ':h:' .. number)) do
    -- Fence, token, holder, request.
    local text = call('GETRANGE', TASK .. id, 8, 46)
    if #text == 39 and byte(text) == RUNNING and (unpack_of('>I4', text, 28)) == number then
        if missing[id] == sub(text, 12, 27) then
            missing[id] = nil
        elseif (unpack_of('>I8', text, 32)) <= through then
            local task = load(id)
            call('SREM', P .. ':h:' .. number, id)
            handBack(task, OUTCOME.stray, false)
            strays = strays + 1
        end
    else
        call('SREM', P .. ':h:' .. number, id)
    end
end

local lost = {}
for id, fence in pairs(missing) do
    local task, settled = load(id), false
    if task then
        settled = task.state ~= RUNNING and has(task.flags, F.settled) and pack('>I8c8', task.fence, task.token) == fence
    else
        local text = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
        settled = text and endedUnder(text, fence)
    end
    if not settled then lost[#lost + 1] = id end
end

-- What bodies told of their progress, as 17 bytes, kept until the attempt ends.
for index = 6, #ARGV do
    local id, fence, progress = unpack_of('>c16c16c17', ARGV[index])
    local task = load(id)
    if heldUnder(task, fence) then
        call('SET', P .. ':pr:' .. id, progress)
        setFlag(task, F.progress)
    end
end
openGates()
flushRecords()
flushWakes()
return { table.concat(lost), strays, call('HGET', member, 'order') or '' }
