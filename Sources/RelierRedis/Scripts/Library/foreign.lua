-- Records that no push and no transition writes: foreign hands did. They are quarantined, never run, never dropped.
local MAX_COUNT, MAX_FENCE = 2147483648, 9007199254740991

local function kindExists(kind) return call('HEXISTS', P .. ':ks', kind) == 1 end
local function queueExists(queue) return call('HEXISTS', P .. ':qs', queue) == 1 end

-- What is wrong with a task that stands among the ready ones; nil when it can be handed out, or is passed over because it stands elsewhere.
local knownKinds = {}
local function objection(id, task, queue)
    if #id ~= 16 then return 'its id has ' .. #id .. ' bytes' end
    if not task then return 'no task stands behind its id, or one that is cut off' end
    if task.state > DEAD or task.state == COMMITTED or task.state == CANCELLED then return 'its state ' .. task.state .. ' is none' end
    if task.state ~= QUEUED then return nil end
    if task.queue ~= queue then return 'its queue is another' end
    if not knownKinds[task.kind] then
        if not kindExists(task.kind) then return 'its kind ' .. task.kind .. ' names no task' end
        knownKinds[task.kind] = true
    end
    if task.fence >= MAX_FENCE then return 'its fence is out of range' end
    if task.failures >= MAX_COUNT then return 'its count of failures is out of range' end
    if task.resurrections >= MAX_COUNT then return 'its count of resurrections is out of range' end
    return nil
end

local function suspectObjection(id, task, kind)
    if task and task.state == SUSPECT then
        if task.kind ~= kind then return 'its kind is another' end
        if not queueExists(task.queue) then return 'its queue ' .. task.queue .. ' does not exist' end
        task.state = QUEUED
        local why = objection(id, task, task.queue)
        task.state = SUSPECT
        return why
    end
    if task and task.state == QUEUED then return nil end
    return objection(id, task, nil)
end

local EMPTY = string.rep('\0', HEAD)

-- A dead letter that says so. What has no string of a task gets one, with what was there as its payload.
local function quarantineForeign(id, task, text, queue, why)
    if #id ~= 16 or (task and task.state == DEAD) then
        id = sub(string.rep(redis.sha1hex(id .. real), 1), 1, 16)
        task = nil
    end
    if not task then
        -- No key, no trace, no checksum, no signature.
        call('SET', TASK .. id, EMPTY .. pack('>I4I2I2I2', 0, 65535, 0, 65535) .. (text or '') .. '\0')
        task = load(id)
        task.enqueued = 0
    end
    if queue then task.queue = queue end
    if not queueExists(task.queue) then task.queue = allQueues()[1] or 0 end
    task.fence = math.min(task.fence, MAX_FENCE)
    task.failures, task.resurrections = math.min(task.failures, MAX_COUNT), math.min(task.resurrections, MAX_COUNT)
    task.flags = band(task.flags, F.checkpoint + F.children + F.manual + F.progress + F.history + F.keyed + F.losses)
    if task.hash and #task.hash ~= 16 then
        clearFlag(task, F.keyed)
        task.hash = nil
    end
    task.holder = 0
    quarantine(task, 'PayloadIntegrityError', 'this record was not put there by Relier: ' .. why, false, 0)
end

-- Parked tasks that somebody can run now.
local function unparkKind(queue, kind, wanted)
    local key = P .. ':p:' .. queue .. ':' .. kind
    local list = call('LPOP', key, wanted) or {}
    for _, id in ipairs(list) do
        local task = load(id)
        if task and task.state == PARKED then
            task.state = QUEUED
            if has(task.flags, F.limited) then
                enter(task)
            else
                store(task)
                appendReady(task)
            end
        end
    end
    if call('EXISTS', key) == 0 then call('SREM', P .. ':pk:' .. queue, kind) end
    return #list
end

-- Queues what is due in the queue, at most `limit` tasks; answers how many.
local function promoteDue(queue, limit)
    local count = 0
    for index, key in ipairs({ P .. ':d1:' .. queue, P .. ':d2:' .. queue }) do
        if count < limit then
            local due = call('ZRANGEBYSCORE', key, '-inf', string.format('%.0f', index == 1 and now or wall), 'LIMIT', 0, limit - count)
            if #due > 0 then each('ZREM', key, due) end
            for _, id in ipairs(due) do
                local task = load(id)
                if task and task.state == SCHEDULED then
                    count = count + 1
                    clearFlag(task, F.wall)
                    if has(task.flags, F.limited) then
                        enter(task)
                    else
                        task.state = QUEUED
                        store(task)
                        appendReady(task)
                    end
                elseif not task or task.state > DEAD then
                    quarantineForeign(id, task, call('GET', TASK .. id), queue, 'it is scheduled and no task')
                end
            end
        end
    end
    return count
end

-- Looks at the rates whose time has come; answers how many those were.
local function ringAlarms(limit)
    local due = call('ZRANGEBYSCORE', P .. ':alarm', '-inf', string.format('%.0f', now), 'LIMIT', 0, limit)
    for _, gate in ipairs(due) do
        call('ZREM', P .. ':alarm', gate)
        touch(gate)
    end
    openGates()
    return #due
end
