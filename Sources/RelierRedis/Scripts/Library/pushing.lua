-- Pushes of tasks with a key, limits or a parent, and the bounds of the backlog. Part of `push.lua`, whose collections it fills.
local limits = {}

-- The backlog is counted once, then the count goes on with what this call stores.
local function countBacklog()
    backlog = backlog or backlogOfAll()
    return backlog
end

local function oldestWaiting()
    if oldest == nil then oldest = oldestWaitingOfAll() or false end
    return oldest
end

local function noteReady(queue) readied[queue] = true end

-- A limit that nobody knows yet is in force as the push says, and the latest push decides until a worker has declared it.
local function limiterOf(index)
    local number = limits[index]
    if number then return number end
    local text = limiterTexts[index]
    local kind, maximum, span, length = unpack_of('>BI8I8I2', text)
    local name, arguments = sub(text, 20, 19 + length), sub(text, 20 + length)
    number = limiterNumber(kind, name)
    local stored = call('HGET', P .. ':lim', number)
    if not stored or byte(stored, 17) == 0 then setLimiter(number, maximum, span, 0, name, arguments) end
    limits[index] = number
    -- Those who wait go first.
    openGates()
    return number
end

-- Decides where a limited task stands: what it waits at, if at any gate. Behind those that wait already it waits, too.
local function place(head, from, count)
    local gates = {}
    for index = 0, count - 1 do
        local limit, hash = unpack_of('>I2c8', head, from + index * 10)
        local number = limiterOf(limit)
        gates[index + 1] = string.char(byte(limiterTexts[limit])) .. pack('>I4', number) .. hash
    end
    return gates
end

-- The answer to a push that costs nothing; nil when the task would be new.
local function answerWithoutStoring(id, head, parent, marks)
    if call('EXISTS', TASK .. id) == 1 then return '\1' end
    if parent > 0 and call('SISMEMBER', P .. ':c:' .. sub(parents, parent * 32 - 31, parent * 32 - 16), id) == 1 then return '\1' end
    if marks % 2 == 0 or marks >= 4 then return nil end
    local owner, _, isElsewhere = keyOwner(KEY .. sub(head, 49, 64))
    if isElsewhere then return '\4' end
    if not owner then return nil end
    owners[#owners + 1] = owner
    return '\3'
end

local function storeLimited(id, queue, text, gates, number)
    local task = parse(id, text)
    task.gates, task.place = gates, number
    for _, gate in ipairs(gates) do
        if not admits(gate, queue) then return waitAt(task, gate) end
        pass(task, gate)
    end
    arrive(queue, id)
end

local function pushSpecial(id, head, parent, mode, due, marks, ttls, tail, queueOf, queueIndex, kindOfTask, kindIndex, startOf)
    local parentKey = parent > 0 and P .. ':c:' .. sub(parents, parent * 32 - 31, parent * 32 - 16)
    if parentKey and call('SISMEMBER', parentKey, id) == 1 then return '\1' end
    if call('EXISTS', TASK .. id) == 1 then return '\1' end
    local flags, middle, from = 0, '', 49
    if marks % 2 == 1 then
        local hash, operation = sub(head, 49, 64), sub(head, 65, 80)
        flags, from = F.keyed, 81
        if marks >= 4 then
            if not takeReserved(hash, id, operation, sub(head, 81, 88)) then return '\5' end
            from = 89
        else
            local owner, isElsewhere
            owner, operation, isElsewhere = takeKey(hash, id, operation)
            if isElsewhere then return '\4' end
            if owner then
                owners[#owners + 1] = owner
                return '\3'
            end
        end
        middle = operation .. hash
    end
    local queue, kind = queueOf(queueIndex), kindOfTask(kindIndex)
    local state, isWall = QUEUED, false
    if mode == 1 and due > 0 then
        state, due = SCHEDULED, later(due)
    elseif mode == 2 and due > wall then
        state, isWall, flags = SCHEDULED, true, flags + F.wall
    else
        due = 0
    end
    local gates, number
    if has(marks, 2) then
        local count = byte(head, from)
        gates = place(head, from + 1, count)
        number = call('HINCRBY', P .. ':n', 'place', 1)
        flags, middle = flags + F.limited, middle .. pack('>I8B', number, count) .. table.concat(gates)
    end
    local text = startOf(state, flags, queue, kind, due, 0) .. ttls .. middle .. tail
    call('SET', TASK .. id, text)
    if state == SCHEDULED then
        schedule(queue, isWall, due, id)
    else
        if backlog then backlog = backlog + 1 end
        if gates then storeLimited(id, queue, text, gates, number) else arrive(queue, id) end
    end
    if parentKey then call('SADD', parentKey, id) end
    return '\0'
end
