-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending foreign
-- Housekeeping, at most `batch` of a kind: queues what is due anywhere, quarantines what was parked for too long, drops what has outlived its
-- retention, quarantines what is no task, and looks at what waits although nothing holds it back any more.
-- ARGV: settings · batch · how long a task may be parked in microseconds or '' · those microseconds for people.
-- Answers: promoted, unregistered, foreign, expired, whether something is left, and the next due time or ''.
local batch = tonumber(ARGV[2])
local promoted, unregistered, foreign, expired, remaining = 0, 0, 0, 0, 0
local numbers = allQueues()

local left = batch
for _, queue in ipairs(numbers) do
    if left > 0 then
        local count = promoteDue(queue, left)
        left, promoted = left - count, promoted + count
    end
end
if left <= 0 then remaining = 1 end
if ringAlarms(batch) == batch then remaining = 1 end

-- Whether a joined worker of the queue runs the kind.
local members
local function isServed(queueName, kindText)
    members = members or call('HVALS', P .. ':in')
    for _, number in ipairs(members) do
        local version = call('HGET', P .. ':v:' .. number, sub(kindText, 9))
        if version and (unpack_of('>I8', kindText)) <= tonumber(version) then
            local info = call('HGET', P .. ':m:' .. number, 'info')
            local ok, decoded = pcall(cjson.decode, info or '{}')
            for _, name in ipairs(ok and decoded.queues or {}) do
                if name == queueName or (type(name) == 'table' and name.name == queueName) then return true end
            end
        end
    end
    return false
end

if ARGV[3] ~= '' then
    local oldest = now - tonumber(ARGV[3])
    for _, queue in ipairs(numbers) do
        local queueName = call('HGET', P .. ':qs', queue)
        for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do
            local text = call('HGET', P .. ':ks', kind)
            local key = P .. ':p:' .. queue .. ':' .. kind
            if text and not isServed(queueName, text) then
                local count = 0
                while count < batch do
                    local id = call('LINDEX', key, 0)
                    local task = id and load(id)
                    if not id or (task and task.state == PARKED and task.due > oldest) then break end
                    call('LPOP', key)
                    if task and task.state == PARKED then
                        quarantine(task, 'UnregisteredTaskError', string.format("no worker knew '%s' version %d for %s", sub(text, 9),
                            unpack_of('>I8', text), ARGV[4]), has(task.flags, F.settled), 0)
                        count = count + 1
                    end
                end
                unregistered = unregistered + count
                if count >= batch then remaining = 1 end
                if call('EXISTS', key) == 0 then call('SREM', P .. ':pk:' .. queue, kind) end
            end
        end
    end
end

-- Foreign hands: parked and suspect records, and running ones that no joined incarnation holds. What stands among the ready or the scheduled is found
-- there.
for _, queue in ipairs(numbers) do
    for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do
        if not kindExists(kind) then
            local key = P .. ':p:' .. queue .. ':' .. kind
            for _, id in ipairs(call('LPOP', key, batch) or {}) do
                quarantineForeign(id, load(id), call('GET', TASK .. id), queue, 'its kind ' .. kind .. ' names no task')
                foreign = foreign + 1
            end
            if call('EXISTS', key) == 0 then call('SREM', P .. ':pk:' .. queue, kind) end
        end
    end
end
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do
    local key = P .. ':s:' .. kind
    for _, id in ipairs(call('LRANGE', key, 0, batch - 1)) do
        local text = call('GET', TASK .. id)
        local task = parse(id, text)
        local why = suspectObjection(id, task, tonumber(kind))
        if why then
            call('LREM', key, 1, id)
            quarantineForeign(id, task, text, nil, why)
            foreign = foreign + 1
        end
    end
    if call('EXISTS', key) == 0 then call('SREM', P .. ':sk', kind) end
end
if foreign >= batch then remaining = 1 end

-- Slices of records: as a whole once the last of them has ended, otherwise record by record.
local function purge(slice)
    local key = P .. ':r:' .. slice
    local last = tonumber(call('ZSCORE', P .. ':se', slice) or 0)
    if last <= now then
        expired = expired + call('HLEN', key)
        call('UNLINK', key)
        call('ZREM', P .. ':sl', slice)
        call('ZREM', P .. ':se', slice)
        call('HDEL', P .. ':cursors', slice)
        return
    end
    local cursor, count = call('HGET', P .. ':cursors', slice) or '0', 0
    local nearest = last
    repeat
        local page = call('HSCAN', key, cursor, 'COUNT', 200)
        cursor = page[1]
        local gone = {}
        for index = 1, #page[2], 2 do
            local ends = recordEnds(page[2][index + 1])
            if ends <= now then gone[#gone + 1] = page[2][index] else nearest = math.min(nearest, ends) end
        end
        each('HDEL', key, gone)
        count = count + #page[2] / 2
        expired = expired + #gone
    until cursor == '0' or count >= batch
    if cursor == '0' then
        call('HDEL', P .. ':cursors', slice)
        if call('EXISTS', key) == 0 then
            call('ZREM', P .. ':sl', slice)
            call('ZREM', P .. ':se', slice)
        else
            -- Never more often than once a minute, however its records end.
            call('ZADD', P .. ':sl', string.format('%.0f', math.max(nearest, now) + PURGE_DELAY), slice)
        end
    else
        call('HSET', P .. ':cursors', slice, cursor)
        remaining = 1
    end
end
for _, slice in ipairs(call('ZRANGEBYSCORE', P .. ':sl', '-inf', string.format('%.0f', now), 'LIMIT', 0, 4)) do purge(slice) end
if #call('ZRANGEBYSCORE', P .. ':sl', '-inf', string.format('%.0f', now), 'LIMIT', 0, 1) > 0 then remaining = 1 end

-- Dead letters, in the order of their quarantine.
local keep = retention()
local letters = 0
while letters < batch do
    local id = call('ZRANGE', P .. ':dead', 0, 0)[1]
    local text = id and call('GET', P .. ':x:' .. id)
    if not id or (text and (unpack_of('>I8', text)) + keep.dead > now) then break end
    forgetReason(id)
    call('DEL', TASK .. id, P .. ':z:' .. id, P .. ':y:' .. id, P .. ':lo:' .. id)
    letters = letters + 1
end
expired = expired + letters
if letters >= batch then remaining = 1 end

-- Labels of incarnations that no history names any more.
local old = now - math.max(keep.dead, keep.history) - 86400000000
for _, number in ipairs(call('ZRANGEBYSCORE', P .. ':ine', '-inf', string.format('%.0f', old), 'LIMIT', 0, batch)) do
    local label = call('HGET', P .. ':inc', number)
    if label then call('HDEL', P .. ':incu', sub(label, 1, 16)) end
    call('HDEL', P .. ':inc', number)
    call('ZREM', P .. ':ine', number)
end

-- The nets below: tasks that wait for a key which nobody holds any more, gates that could let somebody go, waiters that are gone.
for _, hash in ipairs(call('SRANDMEMBER', P .. ':aws', 50)) do
    if isOwn(hash) then
        local holding = readKey(HAND .. hash)
        if not holding or not isHeld(holding) then wakeSnoozed(hash, 1) end
    elseif call('LLEN', P .. ':out') < 1000 then
        post('r', hash)
    end
end
-- Claims of other partitions on keys whose owners' ends nobody may have told.
if PARTITIONS > 1 and call('LLEN', P .. ':out') < 1000 then
    for _, claim in ipairs(call('SRANDMEMBER', P .. ':kf', 10)) do post(sub(claim, 1, 1), sub(claim, 2)) end
end
for _, gate in ipairs(call('SRANDMEMBER', P .. ':wg', 50)) do touch(gate) end
openGates()
for _, queue in ipairs(numbers) do
    for _, waiter in ipairs(call('ZRANGEBYSCORE', IDLE .. queue, '-inf', string.format('%.0f', real), 'LIMIT', 0, 100)) do
        forgetWaiter(waiter, call('HGET', WAITERS, waiter) or '')
        call('ZREM', IDLE .. queue, waiter)
    end
end

-- When something is due next, on the engine's clock.
local nextDue
local function consider(key, offset)
    local found = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if found[2] then
        local due = tonumber(found[2]) + offset
        if not nextDue or due < nextDue then nextDue = due end
    end
end
for _, queue in ipairs(numbers) do
    consider(P .. ':d1:' .. queue, 0)
    consider(P .. ':d2:' .. queue, now - wall)
end
consider(P .. ':alarm', 0)
flushRecords()
flushWakes()
return { promoted, unregistered, foreign, expired, remaining, nextDue and string.format('%.0f', nextDue) or '' }
