-- Idle workers. Each waiter, 16 bytes: its process's channel and its own number, stands in a sorted set for every queue that it waits for, by the
-- server's time at which it stops waiting, and in one hash with the list of those queues.
local IDLE, WAITERS = P .. ':I:', P .. ':IQ'

local function forgetWaiter(waiter, queues)
    call('HDEL', WAITERS, waiter)
    for at = 9, #queues, 4 do call('ZREM', IDLE .. unpack_of('>I4', queues, at), waiter) end
end

-- Wakes one worker that waits for the queue. It stands nowhere else after that: it looks for work in all of its queues.
local function wake(queue)
    while true do
        local waiter = call('ZRANGE', IDLE .. queue, 0, 0)[1]
        if not waiter then return end
        local entry = call('HGET', WAITERS, waiter)
        if entry then forgetWaiter(waiter, entry) end
        call('ZREM', IDLE .. queue, waiter)
        -- Where nobody listens its process is gone, and the next one has to be told.
        if entry and unpack_of('>I8', entry) > real and call('PUBLISH', P .. ':w:' .. sub(waiter, 1, 8), 'w' .. waiter) > 0 then return end
    end
end

-- Wakes every worker that waits for the queue, so that it learns of a time that is nearer than the one that it knows.
local function wakeEvery(queue)
    for _ = 1, call('ZCARD', IDLE .. queue) do wake(queue) end
end

-- Queues in which something became ready, and whether what can be claimed, and by whom, has changed for all. Each script ends with `flushWakes`: it
-- wakes one worker for each of these queues, or everybody.
local readied, everybody = {}, false
local function wakeAll() everybody = true end
local function flushWakes()
    if everybody then
        call('DEL', WAITERS)
        call('PUBLISH', P .. ':w', '')
        return
    end
    for queue in pairs(readied) do wake(queue) end
end

-- How far ahead a scheduled task is announced: beyond it waiting workers look by themselves in time.
local ANNOUNCED = 11000000

-- Adds to a queue's scheduled tasks, and tells its waiting workers when the new one is the next.
local function schedule(queue, isWall, due, id)
    local key = P .. (isWall and ':d2:' or ':d1:') .. queue
    call('ZADD', key, string.format('%.0f', due), id)
    if due - (isWall and wall or now) < ANNOUNCED and call('ZRANGE', key, 0, 0)[1] == id then wakeEvery(queue) end
end

-- Tells those who wait for the end of a task.
local function announceEnd(task)
    if not has(task.flags, F.watched) then return end
    for _, channel in ipairs(call('SMEMBERS', P .. ':e:' .. task.id)) do call('PUBLISH', P .. ':w:' .. channel, 'e' .. task.id) end
    call('DEL', P .. ':e:' .. task.id)
end
