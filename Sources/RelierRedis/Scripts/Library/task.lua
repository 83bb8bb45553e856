-- A task's string. Numbers are big-endian. What transitions change comes first and has a fixed place:
--   enqueued 8 · state 1 · flags 2 · queue 4 · kind 4 · fence 8, token 8 · holder 4 · request 8 · started 8 · failures 4 · resurrections 4 ·
--   due 8 · waits 1 · key's time to live 8 · result's time to live 8
-- With a key: operation 16, hash of the key 16. With limits: place in the order of pushes 8, count 1, gates of 13 bytes.
-- Then what only workers read, see `Tail` in the engine.
local HEAD = 88

-- The head of a live or dead task as a table; nil where there is none.
local function parse(id, text)
    if not text or #text < HEAD then return nil end
    local enqueued, state, flags, queue, kind, fence, token, holder, request, started, failures, resurrections, due, waits, keyTTL, resultTTL =
        unpack_of('>I8BI2I4I4I8c8I4I8I8I4I4I8BI8I8', text)
    local operation, hash
    if has(flags, F.keyed) then operation, hash = sub(text, 89, 104), sub(text, 105, 120) end
    -- Made at one go, so that the table does not grow.
    return {
        id = id, key = TASK .. id, enqueued = enqueued, state = state, flags = flags, queue = queue, kind = kind, fence = fence, token = token,
        holder = holder, request = request, started = started, failures = failures, resurrections = resurrections, due = due, waits = waits,
        keyTTL = keyTTL, resultTTL = resultTTL, operation = operation, hash = hash,
    }
end

local function load(id) return parse(id, call('GETRANGE', TASK .. id, 0, 119)) end

-- Writes back what transitions change.
local function store(task)
    call('SETRANGE', task.key, 8, pack('>BI2I4I4I8c8I4I8I8I4I4I8B', task.state, task.flags, task.queue, task.kind, task.fence, task.token,
        task.holder, task.request, task.started, task.failures, task.resurrections, task.due, task.waits))
end

local function setFlag(task, flag)
    if has(task.flags, flag) then return end
    task.flags = bor(task.flags, flag)
    call('SETRANGE', task.key, 9, pack('>I2', task.flags))
end

local function clearFlag(task, flag) task.flags = band(task.flags, bnot(flag)) end

-- Whether this pair of fence number and token, 16 bytes, is the current one of a running task.
local function heldUnder(task, fence)
    return task ~= nil and task.state == RUNNING and pack('>I8c8', task.fence, task.token) == fence
end
