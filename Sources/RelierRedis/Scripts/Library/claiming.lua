-- What claims do beyond handing out plain tasks. Part of `claim.lua`, whose answer it fills.
local startedFlags = bnot(F.settled)

-- Writes the claim of one task and adds it to the answer.
local function start(task, text)
    -- Spread over its bytes: Lua hashes a sample of a long string's, and strings that differ in none of them slow each other down.
    local token = tokenHigh .. pack('>I4', (tokenLow + #ids * 2654435761) % 4294967296)
    local flags = band(task.flags, startedFlags)
    call('SETRANGE', task.key, 8, pack('>BI2I4I4I8c8I4I8I8', RUNNING, flags, task.queue, task.kind, task.fence + 1, token, holder, request, now))
    ids[#ids + 1], texts[#texts + 1] = task.id, text
    if has(flags, F.checkpoint) then
        checkpoints[#checkpoints + 1] = #ids
        checkpoints[#checkpoints + 1] = call('GET', P .. ':z:' .. task.id)
    end
    if not queueNames[task.queue] then queueNames[task.queue] = call('HGET', P .. ':qs', task.queue) end
    remaining = remaining - 1
end

local function park(task)
    if has(task.flags, F.limited) then leaveGates(task) end
    task.state, task.due = PARKED, now
    store(task)
    call('RPUSH', P .. ':p:' .. task.queue .. ':' .. task.kind, task.id)
    call('SADD', P .. ':pk:' .. task.queue, task.kind)
    wakeAll()
end

-- Anything else that stands among the ready: limited, with a checkpoint, unknown to this worker, foreign. Answers whether it is started.
local function takeSpecial(id, text, queue)
    local task = parse(id, text)
    local why = objection(id, task, queue)
    if why then
        quarantineForeign(id, task, text, queue, why)
    elseif task.state ~= QUEUED then
        return false
    elseif not canRun(task.kind) then
        park(task)
    elseif not has(task.flags, F.limited) or startLimited(task) then
        start(task, text)
        return true
    end
    aside = aside + 1
    return false
end

-- Brings back up to `wanted` parked tasks of the queue for each kind that this worker can run; answers whether more may be left of any.
local function unpark(queue, wanted)
    local isBounded = false
    for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do
        if canRun(tonumber(kind)) and unparkKind(queue, kind, wanted) >= wanted then isBounded = true end
    end
    openGates()
    return isBounded
end

-- Recovered tasks of all queues, for a pool that serves `re-queue`.
local function takeRecovered(wanted)
    local taken = 0
    for _, queue in ipairs(allQueues()) do
        if taken < wanted and not paused[queue] then taken = taken + takeReady(wanted - taken, queue, true) end
    end
    return taken
end

-- Takes the first suspect that may start of those that have lost a worker while they ran alone, or of the others; answers whether there was one.
local function takeSuspectOf(wantsExclusive)
    for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do
        if canRun(tonumber(kind)) ~= false then
            local key = P .. ':s:' .. kind
            for _, id in ipairs(call('LRANGE', key, 0, 99)) do
                local text = call('GET', TASK .. id)
                local task = parse(id, text)
                local why = suspectObjection(id, task, tonumber(kind))
                if why then
                    call('LREM', key, 1, id)
                    quarantineForeign(id, task, text, nil, why)
                elseif task.state ~= SUSPECT then
                    call('LREM', key, 1, id)
                elseif (lossesOf(task).alone > 0) == wantsExclusive and not paused[task.queue]
                    and (not has(task.flags, F.limited) or startLimited(task)) then
                    call('LREM', key, 1, id)
                    if call('EXISTS', key) == 0 then call('SREM', P .. ':sk', kind) end
                    call('SADD', P .. ':ra', id)
                    start(task, text)
                    return true
                end
            end
        end
    end
    return false
end

-- One that has lost a worker while it ran alone has its host to itself: what took the worker may have been a neighbour.
local function takeSuspect(shared, exclusive)
    if call('EXISTS', P .. ':sk') == 0 then return end
    local count, isExclusive = loneRuns(hostOf(holder), function(id) call('SREM', P .. ':ra', id) end)
    if isExclusive or (shared and takeSuspectOf(false)) then return end
    if exclusive and count == 0 then takeSuspectOf(true) end
end

-- What remains to be done once anything but a plain task was met. Queues whose ready tasks this claim took itself wake nobody.
local function finishClaim()
    openGates()
    flushRecords()
    for queue in pairs(readied) do
        if call('EXISTS', readyKey(queue, false), readyKey(queue, true)) == 0 then readied[queue] = nil end
    end
    flushWakes()
end
