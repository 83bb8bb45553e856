-- A gate is one key of one limit: kind 1 (1 and 4 concurrency, 2 and 3 rate), number of the limiter 4, hash of the key 8.
-- `G:` who holds a slot, `R:` who runs, or whose body runs on, `W:` who waits by the order of the pushes, `S:` the latest starts of a rate.
-- A limited task passes its gates in order and is ready when it holds a slot of each. Of a concurrency limit it holds it until its run has ended, of a
-- rate until it starts. While it waits at one it holds those before. Who is in R is in G, too.
local UNLIMITED = 2147483648
-- How many tasks one gate lets go in one call; the housekeeping does the rest.
local OPENED = 5000
local limiters, touched = {}, {}

local function limiter(gate)
    local number = unpack_of('>I4', gate, 2)
    local known = limiters[number]
    if known then return known end
    local text = call('HGET', P .. ':lim', number)
    local maximum, span, declared = UNLIMITED, 0, 0
    if text then maximum, span, declared = unpack_of('>I8I8B', text) end
    known = { number = number, maximum = maximum, span = span, declared = declared }
    limiters[number] = known
    return known
end

local function kindOf(gate) return byte(gate) end
local function isRate(gate) return byte(gate) == 2 or byte(gate) == 3 end
local function touch(gate) touched[gate] = true end

-- Gates of a task, in the order in which it passes them; also gives the task its place among the pushes.
local function gatesOf(task)
    if not has(task.flags, F.limited) then return {} end
    if task.gates then return task.gates end
    local at = has(task.flags, F.keyed) and 120 or HEAD
    local text = call('GETRANGE', task.key, at, at + 8 + 52)
    task.gates, task.place = {}, 0
    if #text < 9 then return task.gates end
    local place, count = unpack_of('>I8B', text)
    if #text < 9 + 13 * count or count > 4 then return task.gates end
    task.place = place
    for index = 1, count do task.gates[index] = sub(text, 13 * index - 3, 13 * index + 9) end
    return task.gates
end

local function firstWaiter(gate) return call('ZRANGE', P .. ':W:' .. gate, 0, 0)[1] end

local function countLimited(queue, change) call('HINCRBY', P .. ':lq', queue, change) end

local function waitAt(task, gate)
    if task.state ~= LIMITED_STATE then countLimited(task.queue, 1) end
    task.state, task.waits = LIMITED_STATE, kindOf(gate)
    clearFlag(task, F.wall)
    store(task)
    call('ZADD', P .. ':W:' .. gate, string.format('%.0f', task.place), task.id)
    call('SADD', P .. ':wg', gate)
end

-- When the next task may start that `holders` others precede: nil for now, a time, or false when as many as are allowed are about to start.
local function slot(gate, holders)
    local rule = limiter(gate)
    if rule.maximum >= UNLIMITED then return nil end
    if holders >= rule.maximum then return false end
    local at = call('LINDEX', P .. ':S:' .. gate, string.format('%.0f', holders - rule.maximum))
    if not at then return nil end
    local due = tonumber(at) + rule.span
    if due <= now then return nil end
    return due
end

-- Notes when to look at a rate again. Waiting workers of the queue are told when it is the next such time.
local function setAlarm(gate, due, queue)
    call('ZADD', P .. ':alarm', string.format('%.0f', due), gate)
    if due - now < ANNOUNCED and call('ZRANGE', P .. ':alarm', 0, 0)[1] == gate then wakeEvery(queue) end
end

local function clearAlarm(gate)
    if isRate(gate) then call('ZREM', P .. ':alarm', gate) end
end

-- Whether one more gets a slot now. Time may have made room at a rate since the alarm was set, and who waits comes first.
local function admits(gate, queue)
    local holders = call('SCARD', P .. ':G:' .. gate)
    if not isRate(gate) then return holders < limiter(gate).maximum end
    if firstWaiter(gate) then return false end
    local due = slot(gate, holders)
    if due then setAlarm(gate, due, queue) end
    return due == nil
end

-- Whether one that comes from an earlier gate gets a slot: not before those who wait already.
local function letsPass(gate, queue)
    if not admits(gate, queue) then return false end
    if isRate(gate) or not firstWaiter(gate) then return true end
    touch(gate)
    return false
end

local function pass(task, gate) call('SADD', P .. ':G:' .. gate, task.id) end

-- From the gate where it waited, on to the next that has no slot left, or into the queue.
local function advance(task, from)
    pass(task, from)
    for _, gate in ipairs(gatesOf(task)) do
        if kindOf(gate) > kindOf(from) then
            if not letsPass(gate, task.queue) then return waitAt(task, gate) end
            pass(task, gate)
        end
    end
    countLimited(task.queue, -1)
    task.state, task.waits = QUEUED, 0
    -- What it waited for says nothing of how long others wait.
    if task.due == 0 then task.due = now end
    store(task)
    appendReady(task)
end

local function open(gate)
    local key = P .. ':W:' .. gate
    local holders
    for _ = 1, OPENED do
        local id = firstWaiter(gate)
        if not id then
            call('SREM', P .. ':wg', gate)
            return clearAlarm(gate)
        end
        local task = load(id)
        if not task or task.state ~= LIMITED_STATE or task.waits ~= kindOf(gate) then
            call('ZREM', key, id)
        else
            holders = holders or call('SCARD', P .. ':G:' .. gate)
            if isRate(gate) then
                local due = slot(gate, holders)
                if due then setAlarm(gate, due, task.queue) end
                if due ~= nil then return end
            elseif holders >= limiter(gate).maximum then
                return
            end
            call('ZREM', key, id)
            advance(task, gate)
            holders = holders + 1
        end
    end
end

-- Lets go on who waits at the gates where something was freed.
local function openGates()
    local gate = next(touched)
    while gate do
        touched[gate] = nil
        open(gate)
        gate = next(touched)
    end
end

-- Gives up all slots but those of bodies that run on; those who wait are looked at by `openGates`.
local function leaveGates(task)
    for _, gate in ipairs(gatesOf(task)) do
        call('SREM', P .. ':G:' .. gate, task.id)
        if not isRate(gate) then call('SREM', P .. ':R:' .. gate, task.id) end
        if task.waits == kindOf(gate) then call('ZREM', P .. ':W:' .. gate, task.id) end
        touch(gate)
    end
    if task.state == LIMITED_STATE then countLimited(task.queue, -1) end
    task.waits = 0
end

-- A limited task comes back: it waits at its first gate until it is its turn, which may be now.
local function enter(task)
    local gates = gatesOf(task)
    leaveGates(task)
    if #gates == 0 then
        -- Marked as limited, and nothing says by what: it must not stand in the way of the others.
        clearFlag(task, F.limited)
        clearFlag(task, F.wall)
        task.state = QUEUED
        store(task)
        return appendReady(task)
    end
    waitAt(task, gates[1])
end

-- A suspect that waits to run alone keeps its slots, so that it can run.
local function stopRunning(task)
    for _, gate in ipairs(gatesOf(task)) do
        if not isRate(gate) then call('SREM', P .. ':R:' .. gate, task.id) end
    end
end

local function isOpen(gate)
    if isRate(gate) then return slot(gate, 0) == nil end
    return call('SCARD', P .. ':R:' .. gate) < limiter(gate).maximum
end

local function mayStart(task)
    for _, gate in ipairs(gatesOf(task)) do
        if not isOpen(gate) then return false, gate end
    end
    return true
end

-- The claim's own look at a limited task: whatever made it ready, no claim exceeds a limit. One that may not start waits at its gate again.
local function startLimited(task)
    local free, closed = mayStart(task)
    if not free then
        if task.state == SUSPECT then return false end
        for _, gate in ipairs(gatesOf(task)) do
            if kindOf(gate) >= kindOf(closed) then call('SREM', P .. ':G:' .. gate, task.id) end
            touch(gate)
        end
        waitAt(task, closed)
        return false
    end
    for _, gate in ipairs(gatesOf(task)) do
        if isRate(gate) then
            local rule = limiter(gate)
            call('SREM', P .. ':G:' .. gate, task.id)
            if rule.maximum < UNLIMITED then
                local key = P .. ':S:' .. gate
                call('RPUSH', key, string.format('%.0f', now))
                call('LTRIM', key, string.format('%.0f', -rule.maximum), -1)
                call('PEXPIREAT', key, string.format('%.0f', math.ceil((real + rule.span) / 1000) + 1000))
            end
            -- Only the start says when the next one may be.
            touch(gate)
        else
            pass(task, gate)
            call('SADD', P .. ':R:' .. gate, task.id)
        end
    end
    return true
end

-- The slots of an attempt that ends while its body runs on stay taken, in the name of the attempt.
local function keepSlots(task)
    local fence = pack('>I8c8', task.fence, task.token)
    for _, gate in ipairs(gatesOf(task)) do
        if not isRate(gate) then
            local body = '!' .. task.id .. fence
            call('SADD', P .. ':G:' .. gate, body)
            call('SADD', P .. ':R:' .. gate, body)
            call('SADD', P .. ':b:' .. task.holder, 's' .. task.id .. fence .. gate)
            call('SADD', P .. ':B:' .. task.id, fence .. pack('>I4', task.holder) .. gate)
        end
    end
end

local function freeSlot(id, fence, holder, gate)
    local body = '!' .. id .. fence
    call('SREM', P .. ':G:' .. gate, body)
    call('SREM', P .. ':R:' .. gate, body)
    call('SREM', P .. ':b:' .. holder, 's' .. id .. fence .. gate)
    call('SREM', P .. ':B:' .. id, fence .. pack('>I4', holder) .. gate)
    touch(gate)
end

-- Limiters: `lim:` by number holds maximum 8 · span 8 · declared by a worker 1 · length of the task's name 2 · name · arguments as JSON.
local function limiterNumber(kind, name) return numberOf('l', string.char(kind) .. name) end

local function setLimiter(number, maximum, span, declared, name, arguments)
    local old = call('HGET', P .. ':lim', number)
    if old and arguments == '[]' then
        local length = unpack_of('>I2', old, 18)
        arguments = sub(old, 20 + length)
    end
    local new = pack('>I8I8BI2', maximum, span, declared, #name) .. name .. arguments
    if new == old then return end
    call('HSET', P .. ':lim', number, new)
    limiters[number] = nil
    if not old then return end
    -- More may start by now.
    for _, gate in ipairs(call('SMEMBERS', P .. ':wg')) do
        if unpack_of('>I4', gate, 2) == number then touch(gate) end
    end
end
