-- Tasks that wait for a worker or at a limit, in all queues.
local function backlogOfAll()
    local count = 0
    for _, queue in ipairs(allQueues()) do
        count = count + call('LLEN', readyKey(queue, false)) + call('LLEN', readyKey(queue, true))
            + (tonumber(call('HGET', P .. ':lq', queue)) or 0)
    end
    return count
end

-- When the task was pushed that has waited longest for its first start. One that was delayed, parked or limited has a due, one that was claimed a
-- fence: neither tells how long the others wait. The first thousand of each queue are looked at.
local function oldestWaitingOfAll()
    local oldest
    for _, queue in ipairs(allQueues()) do
        local found
        for from = 0, 990, 10 do
            local ids = call('LRANGE', readyKey(queue, false), from, from + 9)
            for _, id in ipairs(ids) do
                local task = load(id)
                if task and task.fence == 0 and task.due == 0 then
                    found = task.enqueued
                    break
                end
            end
            if found or #ids < 10 then break end
        end
        if found and (not oldest or found < oldest) then oldest = found end
    end
    return oldest
end
