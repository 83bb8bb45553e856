-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending foreign losses lone
-- Looks whether a claim by the incarnation would find something, and if not writes it down as a waiter of these queues in the same step: no push falls
-- between the look and the wait.
-- ARGV: settings · incarnation · waiter 16 · how long it waits at most in microseconds · names of queues.
-- Answers 0 when there is something, or when it is not joined, so that its claim says so; the microseconds until something is due; -1 for nothing.
local holder = tonumber(call('HGET', P .. ':in', ARGV[2]))
if not holder then return 0 end
local function canRun(kind)
    local text = call('HGET', P .. ':ks', kind)
    if not text then return false end
    local version = call('HGET', P .. ':v:' .. holder, sub(text, 9))
    return version and (unpack_of('>I8', text)) <= tonumber(version)
end
local function isPaused(queue) return call('HEXISTS', P .. ':paused', queue) == 1 end

local queues, isDedicated = {}, call('SISMEMBER', P .. ':ded', holder) == 1
if call('HGET', P .. ':m:' .. holder, 'isolated') == '1' then
    local running, isExclusive = loneRuns(hostOf(holder), function() end)
    for _, kind in ipairs(isExclusive and {} or call('SMEMBERS', P .. ':sk')) do
        if canRun(kind) then
            for _, id in ipairs(call('LRANGE', P .. ':s:' .. kind, 0, 99)) do
                local task = load(id)
                if task and task.state == SUSPECT and not isPaused(task.queue) and (running == 0 or lossesOf(task).alone == 0) and mayStart(task) then
                    return 0
                end
            end
        end
    end
    return -1
end

local pause = -1
local function consider(key, clock)
    local found = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if not found[2] then return end
    local left = tonumber(found[2]) - clock
    if left < 0 then left = 0 end
    if pause < 0 or left < pause then pause = left end
end

local servesRecovered = isDedicated or call('EXISTS', P .. ':ded') == 0
local wantsAll = false
for index = 5, #ARGV do
    if ARGV[index] == 're-queue' then wantsAll = true else queues[#queues + 1] = queueNumber(ARGV[index]) end
end
for _, queue in ipairs(queues) do
    if not isPaused(queue) then
        if call('EXISTS', readyKey(queue, false)) == 1 then return 0 end
        if servesRecovered and call('EXISTS', readyKey(queue, true)) == 1 then return 0 end
        for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do
            if canRun(kind) then return 0 end
        end
        consider(P .. ':d1:' .. queue, now)
        consider(P .. ':d2:' .. queue, wall)
    end
end
if isDedicated or wantsAll then
    queues = allQueues()
    for _, queue in ipairs(queues) do
        if not isPaused(queue) and call('EXISTS', readyKey(queue, true)) == 1 then return 0 end
    end
end
consider(P .. ':alarm', now)
if pause == 0 then return 0 end
local entry = pack('>I8', real + tonumber(ARGV[4]))
for _, queue in ipairs(queues) do
    call('ZADD', IDLE .. queue, string.format('%.0f', real + tonumber(ARGV[4])), ARGV[3])
    entry = entry .. pack('>I4', queue)
end
call('HSET', WAITERS, ARGV[3], entry)
return math.ceil(pause)
