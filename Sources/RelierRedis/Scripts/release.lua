-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys losses ending_read records ending forget
-- Takes away what dead incarnations held: each task is queued again, made a suspect, handed back or quarantined, once, whoever calls.
--
-- What becomes of a task is decided above the engine, as a digit for each case; here the task's case is found and its losses are counted.
-- An incarnation that holds nothing more is forgotten.
--
-- ARGV: settings · 'i' incarnation, counter or '' / 'f' incarnation that is known to be dead, '' / 'p' process, '' · how the worker ended · 1 observed or 2 not ·
-- batch · depth · losses allowed in a row and alone · losses allowed in a life · from which loss in a row on it runs alone · how long a loss counts, in
-- microseconds · how many may wait to run alone · 16 fates, by 8 ran alone + 4 repeated + 2 spent + 1 crowded:
-- 1 hand-back, 2 queue, 3 suspect, 4 WorkerCrash, 5 max_resurrections_exceeded.
-- Answers the ids queued again, made suspects, quarantined, handed back, one after the other; whether more is left; whether the depth is the reason; whether the
-- incarnation lives.
local left, depth = tonumber(ARGV[7]), tonumber(ARGV[8])
local maxAlone, maxTotal, firstAlone = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local memory, maxWaiting, fates = tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[14]
local targets, lives = {}, 0
if ARGV[2] ~= 'p' then
    local number = tonumber(call('HGET', P .. ':in', ARGV[3]))
    if number and (ARGV[2] == 'f' or (ARGV[4] ~= '' and call('HGET', P .. ':m:' .. number, 'counter') == ARGV[4])) then
        targets[1] = number
    elseif number then
        lives = 1
    end
else
    for _, number in ipairs(call('HVALS', P .. ':in')) do
        if call('HGET', P .. ':m:' .. number, 'process') == ARGV[3] then targets[#targets + 1] = tonumber(number) end
    end
    table.sort(targets)
end

-- How many recovered tasks wait.
local function recovered()
    local count = 0
    for _, queue in ipairs(allQueues()) do count = count + call('LLEN', readyKey(queue, true)) end
    return count
end

local moved, remaining, throttled = { {}, {}, {}, {} }, 0, 0
local function took(kind, task) table.insert(moved[kind], task.id) end

-- How many wait to run alone.
local waitingAlone = 0
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do waitingAlone = waitingAlone + call('LLEN', P .. ':s:' .. kind) end

local function release(task)
    note(task, OUTCOME.workerGone, ARGV[5], tonumber(ARGV[6]))
    local losses, alone, inARow = lossesOf(task), has(task.flags, F.alone), task.resurrections
    local progressed = losses.fence == task.fence and losses.saved ~= NO_CHECKPOINT and losses.saved ~= losses.began
    if progressed or (losses.last > 0 and now - losses.last >= memory) then inARow, losses.alone = 0, 0 end
    local isLifeSpent = losses.total + 1 >= maxTotal
    local isRepeated = inARow + 1 >= firstAlone or isLifeSpent
    local isSpent = losses.alone + 1 >= maxAlone or isLifeSpent
    local case = (alone and 8 or 0) + (isRepeated and 4 or 0) + (isSpent and 2 or 0) + (waitingAlone >= maxWaiting and 1 or 0)
    local fate = tonumber(sub(fates, case + 1, case + 1))
    if fate == 1 then
        requeue(task, alone, has(task.flags, F.recovered), false)
        return took(4, task)
    end
    task.resurrections = math.min(inARow + 1, 2147483647)
    losses.total, losses.last = math.min(losses.total + 1, 2147483647), now
    if alone then losses.alone = losses.alone + 1 end
    keepLosses(task, losses)
    if fate == 2 then
        requeue(task, false, true, false)
        took(1, task)
    elseif fate == 3 then
        requeue(task, true, true, false)
        waitingAlone = waitingAlone + 1
        took(2, task)
    else
        local message = ARGV[5]
        if fate == 5 and losses.alone >= maxAlone then
            message = string.format('%d workers in a row were lost under it while it ran alone, and no more are allowed; the last: %s', losses.alone, message)
        elseif fate == 5 then
            message = string.format('%d workers were lost under it in all, the last while it ran alone, and no more are allowed; the last: %s',
                losses.total, message)
        end
        quarantine(task, fate == 4 and 'WorkerCrash' or 'max_resurrections_exceeded', message, false, 0)
        took(3, task)
    end
end

for _, number in ipairs(targets) do
    local room = depth - recovered()
    local ids = heldBy(number)
    if left <= 0 and #ids > 0 then
        remaining = 1
        break
    end
    if room <= 0 and #ids > 0 then
        remaining, throttled = 1, 1
        break
    end
    local count = math.max(0, math.min(#ids, left, room))
    for index = 1, count do
        local task = load(ids[index])
        call('SREM', P .. ':h:' .. number, ids[index])
        if task and task.state == RUNNING and task.holder == number then release(task) end
    end
    left = left - count
    if count == #ids then
        forgetIncarnation(number)
    else
        remaining = 1
        if count == room then throttled = 1 end
    end
    openGates()
end
flushRecords()
flushWakes()
return { table.concat(moved[1]), table.concat(moved[2]), table.concat(moved[3]), table.concat(moved[4]), remaining, throttled, lives }
