-- When a task was pushed, as something to compare.
local function pushed(id) return call('GETRANGE', TASK .. id, 0, 7) .. id end

-- How many at the head a task that comes back is compared with.
local COMPARED = 64

local function appendReady(task)
    call('RPUSH', readyKey(task.queue, has(task.flags, F.recovered)), task.id)
    readied[task.queue] = true
end

-- Puts a task that comes back at the head, behind those that were pushed before it.
local function returnReady(task)
    local key = readyKey(task.queue, has(task.flags, F.recovered))
    readied[task.queue] = true
    local head = call('LRANGE', key, 0, COMPARED - 1)
    local older, mine = 0, pack('>I8', task.enqueued) .. task.id
    while older < #head and pushed(head[older + 1]) < mine do older = older + 1 end
    if older == 0 then
        call('LPUSH', key, task.id)
    elseif older == #head then
        if #head < COMPARED then call('RPUSH', key, task.id) else call('LINSERT', key, 'AFTER', head[older], task.id) end
    else
        call('LINSERT', key, 'BEFORE', head[older + 1], task.id)
    end
end
